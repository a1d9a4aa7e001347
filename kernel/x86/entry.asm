; Ways into the kernel and out of it.
;
; Every way in leaves the user's registers in the current thread's own frame, as a
; struct registers (arch.h), and goes on with the CPU's kernel stack; the way out loads them from
; whichever thread is then current. So the kernel keeps no stack per thread, and a thread that
; waits is nothing but its frame. From kernel mode only faults and, while idle, interrupts come.
;
; Two kinds of system call are short cuts. Those of class PLAIN (cocos/calls.h) always go back to
; who made them: they leave the frame alone, and the few registers to be kept are on the kernel
; stack. And messages of words alone, between threads of one CPU, go the short way (short.inc).

%include "gen/offsets.inc"             ; CPU_..., REG_..., USER_..., VECTOR_...: offsets.c

; A field of struct thread, from the thread's top on (kernel/thread.h).
%define TOP(field) (field - REG_BYTES)

section .text
bits 64
extern kernel_syscall, kernel_trap, kernel_own_trap
extern plain_calls, kernel_lock
%ifdef COCOS_CHECKING
extern check_after_message
%endif

%macro push_registers 0
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro pop_registers 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop r11
    pop r10
    pop r9
    pop r8
    pop rbp
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rbx
    pop rax
%endmacro

; SYSCALL: rcx = return address, r11 = flags, rsp = the user's, interrupts off, DF and AC
; cleared by FMASK. One way in where there is one CPU, one that takes the kernel's lock, and one for
; processors that have no instructions for the bases of FS and GS, without the short way.
;
; entry_way NAME, locks, has the short way
%macro entry_way 3
align 64
global %1
%1:
    swapgs
    sub rax, COCOS_CALL_BASE
    cmp rax, PLAIN_CALLS
    jae %%not_plain
%if %2
    lock bts dword [kernel_lock], 0
    jc long_way                         ; there it waits for it
%endif
    mov [gs:CPU_SCRATCH], rsp
    mov rsp, [gs:CPU_KERNEL_STACK]
    push rcx
    push r11
    mov rcx, r10                        ; C's fourth argument; the others are where C has them
    call [plain_calls + rax * 8]
%1_plain_return:
    pop r11
    pop rcx
%if %2
    mov dword [kernel_lock], 0
%endif
    ; The handler kept rbx and r12-r15. Nothing of the kernel leaks in the others.
    xor edi, edi
    xor esi, esi
    xor edx, edx
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    mov rsp, [gs:CPU_SCRATCH]
    swapgs
    ; SYSRET with an address that is not canonical faults in kernel mode on Intel's processors
    ; (SDM 2B, SYSRET). This one is: the processor put it into rcx, as the address behind a SYSCALL.
    ; None ends where the lower canonical half does, because lower-half pages are never executable,
    ; and behind the last one of the upper half comes 0 (that half's last 2 MiB are never mapped,
    ; anyway).
    o64 sysret
%%not_plain:
%if %3
    short_ways %2
%else
    cmp rax, MESSAGE_NUMBERS
    jae bounce
%endif
    jmp long_way
%endmacro

%include "kernel/x86/short.inc"

entry_way syscall_entry, 0, 1
entry_way syscall_entry_locking, 1, 1
entry_way syscall_entry_bare, 1, 0

; A number that is not the kernel's (rax: less COCOS_CALL_BASE), in a domain with an upcall: goes on
; there, all registers as SYSCALL left them. SYSRET would lose rcx, so it is left by IRET.
bounce:
    mov [gs:CPU_SCRATCH], rsp
    mov rsp, [gs:CPU_KERNEL_STACK]
    push USER_DATA
    push qword [gs:CPU_SCRATCH]
    push r11
    push USER_CODE
    add rax, COCOS_CALL_BASE
    push rax                            ; room for the upcall
    push rax
    mov rax, [gs:CPU_TOP]
    mov rax, [rax + TOP(THREAD_DOMAIN)]
    mov rax, [rax + DOMAIN_UPCALL]
    test rax, rax
    jz .none
    mov [rsp + 8], rax
    pop rax
    swapgs
    iretq
.none:
    pop rax
    sub rax, COCOS_CALL_BASE
    mov rsp, [gs:CPU_SCRATCH]
    ; fall through

; All other calls: rax is the number less COCOS_CALL_BASE, all other registers are the user's.
long_way:
    mov [gs:CPU_SCRATCH], rsp
    add rax, COCOS_CALL_BASE
    mov rsp, [gs:CPU_TOP]
    push USER_DATA
    push qword [gs:CPU_SCRATCH]
    push r11
    push USER_CODE
    push rcx
    push 0
    push VECTOR_SYSCALL
    push_registers
    mov rdi, rsp
    mov rsp, [gs:CPU_KERNEL_STACK]
    xor ebp, ebp
    call kernel_syscall
    ; fall through

; Leaves to user mode with the current thread's registers.
global kernel_exit
kernel_exit:
    mov rsp, [gs:CPU_TOP]
    sub rsp, REG_BYTES
    mov dword [kernel_lock], 0
    cmp dword [rsp + REG_VECTOR], VECTOR_SYSCALL
    jne .by_iret
    ; The address is the one behind the SYSCALL: who sets another one sets the vector, too.
    mov rcx, [rsp + REG_RIP]
    mov r15, [rsp + REG_R15]
    mov r14, [rsp + REG_R14]
    mov r13, [rsp + REG_R13]
    mov r12, [rsp + REG_R12]
    mov r10, [rsp + REG_R10]
    mov r9, [rsp + REG_R9]
    mov r8, [rsp + REG_R8]
    mov rbp, [rsp + REG_RBP]
    mov rdi, [rsp + REG_RDI]
    mov rsi, [rsp + REG_RSI]
    mov rdx, [rsp + REG_RDX]
    mov rbx, [rsp + REG_RBX]
    mov rax, [rsp + REG_RAX]
    mov r11, [rsp + REG_FLAGS]
    mov rsp, [rsp + REG_RSP]
    swapgs
    o64 sysret
.by_iret:
    pop_registers
    add rsp, 16                         ; vector, code
    swapgs
    iretq

; Exceptions and interrupts. Every stub pushes the vector (and 0 where the processor has no error
; code), so that the stack holds the end of a struct registers.
%assign vector 0
%rep 256
stub_%+vector:
%if vector = 8 || (vector >= 10 && vector <= 14) || vector = 17 || vector = 21 \
    || vector = 29 || vector = 30
%else
    push 0
%endif
    push vector
    jmp trap_entry
%assign vector vector+1
%endrep

trap_entry:
    test byte [rsp + 24], 3             ; cs: from user mode?
    jz trap_from_kernel
    swapgs
trap_from_user:
    push_registers
trap_saved:
    mov rdi, rsp
    mov rsp, [gs:CPU_KERNEL_STACK]
    push 2                              ; DF, and AC, which would switch SMAP off, cleared
    popfq
    xor ebp, ebp
    call kernel_trap
    jmp kernel_exit

; NMI, double fault, machine check: on stacks of their own, where GS is not to be trusted. They
; end in kernel_own_trap, which panics or returns without touching GS.
%macro own_stack_stub 2
global %1
%1:
%if %2 != 8
    push 0
%endif
    push %2
    jmp trap_from_kernel
%endmacro
own_stack_stub nmi_entry, 2
own_stack_stub double_fault_entry, 8
own_stack_stub machine_check_entry, 18

; Debug exceptions: from user mode a fault like others. The trap flag over a SYSCALL may trap at the
; kernel's first instruction, though SYSCALL has cleared it (Bochs does that); there rsp and GS are
; still the user's, hence the stack of its own. What was to be trapped is over then.
global debug_entry
debug_entry:
    push 0
    push VECTOR_DEBUG
    test byte [rsp + 24], 3
    jz .of_kernel
    swapgs
    mov [gs:CPU_SCRATCH], rax
    mov rax, rsp
    mov rsp, [gs:CPU_TOP]               ; what the processor pushed goes where traps push
%assign word 6
%rep 7
    push qword [rax + 8 * word]
%assign word word-1
%endrep
    mov rax, [gs:CPU_SCRATCH]
    jmp trap_from_user
.of_kernel:
    cmp qword [rsp + 16], syscall_entry
    je .entering
    cmp qword [rsp + 16], syscall_entry_locking
    je .entering
    cmp qword [rsp + 16], syscall_entry_bare
    jne trap_from_kernel
.entering:
    push rax
    xor eax, eax
    mov dr6, rax                        ; the processor never clears it
    pop rax
    add rsp, 16                         ; vector, code
    and qword [rsp + 16], ~FLAG_TRAP
    iretq

trap_from_kernel:
    push_registers
    mov rdi, rsp
    cld
    call kernel_own_trap
    pop_registers
    add rsp, 16                         ; vector, code
    iretq

; Idle: interrupts on until one was served, then back to the caller.
global idle_until_interrupt
idle_until_interrupt:
    sti
    hlt
    cli
    ret

; The same without waiting: interrupts are served behind the instruction that follows STI.
global idle_serve_interrupts
idle_serve_interrupts:
    sti
    nop
    cli
    ret

global arch_start
arch_start:
    jmp kernel_exit

section .rodata
align 8
global trap_stubs
trap_stubs:
%assign vector 0
%rep 256
    dq stub_%+vector
%assign vector vector+1
%endrep
