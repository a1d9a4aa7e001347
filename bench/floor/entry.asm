; The floor's instructions: from the start to 64-bit C, the ways between ring 3 and ring 0 that are
; measured, and the two programs in ring 3 between which a message would go. floor.c measures.
;
; QEMU's -kernel starts it by the PVH protocol (Xen's docs/misc/pvh.pandoc), which spares the
; seconds that GRUB takes under -icount: 32-bit protected mode, flat segments, paging off,
; interrupts off. They stay off, so nothing comes between. Nothing is checked: this runs only in the
; machine of bench/run.

%define CR4_PAE (1 << 5)
%define EFER 0xc0000080
%define EFER_SCE (1 << 0)
%define EFER_LME (1 << 8)
%define KERNEL_CODE 8
%define USER_RPL 3

section .note progbits alloc noexec nowrite align=4
    dd 4, 4, 18                         ; lengths of name and value; XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd start

section .text
bits 32
global start
extern floor_main
start:
    cld
    ; the first GiB one to one, in pages of 2 MiB
    mov dword [first_root], identity_pdpt + 3
    mov dword [identity_pdpt], identity_pd + 3
    mov eax, 0x83                       ; present, writable, 2 MiB
    mov edi, identity_pd
    mov ecx, 512
.page:
    mov [edi], eax
    add eax, 0x200000
    add edi, 8
    loop .page

    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov eax, first_root
    mov cr3, eax
    mov ecx, EFER
    rdmsr
    or eax, EFER_LME | EFER_SCE
    wrmsr
    mov eax, cr0
    or eax, 1 << 31                     ; PG
    mov cr0, eax
    lgdt [gdt_pointer]
    jmp KERNEL_CODE:.start_64

bits 64
.start_64:
    xor eax, eax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov rsp, stack_top
    call floor_main
.halt:
    hlt
    jmp .halt

; ---- The ways into the kernel that are measured ----
;
; In: rcx = where the caller goes on, rsp = its stack. Out: in the other program, at its own. The
; other's rip and rsp lie in memory; rax is lost.

; A message's least: two crossings and a root.
align 64
global pass_between_spaces
pass_between_spaces:
    xchg rcx, [other_rip]
    xchg rsp, [other_rsp]
    mov rax, [root]
    xor rax, [roots_differ]
    mov [root], rax
    mov cr3, rax
    o64 sysret

; The same where both programs live in one address space.
align 64
global pass_within_space
pass_within_space:
    xchg rcx, [other_rip]
    xchg rsp, [other_rsp]
    o64 sysret

; ---- Starting the programs, and coming back ----

; uint64_t run_programs(uint64_t rip, uint64_t turns): the program at rip in the first address space
; makes that many round trips; gives the ticks that it counted.
global run_programs
run_programs:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov [kernel_stack], rsp
    mov [tss.rsp0], rsp
    mov rcx, rdi
    mov rbx, rsi
    mov rax, [root]
    mov cr3, rax
    mov r11d, 2                         ; RFLAGS: interrupts off
    o64 sysret

; The gate that a program leaves by, with its ticks in rax. Its own address space stays loaded: the
; kernel is the same in each.
global leave_programs
leave_programs:
    mov rsp, [kernel_stack]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

; ---- The programs, a page each ----

; rax = ticks; rdx is lost
%macro read_ticks 0
    lfence
    rdtsc
    shl rdx, 32
    or rax, rdx
%endmacro

; rbx = turns, at least 1
section .client progbits alloc exec nowrite align=4096
global client, client_nothing
client:
    read_ticks
    mov rbp, rax
.turn:
    syscall
    dec rbx
    jnz .turn
    read_ticks
    sub rax, rbp
    int 0x30

; The same loop without the call.
client_nothing:
    read_ticks
    mov rbp, rax
.turn:
    dec rbx
    jnz .turn
    read_ticks
    sub rax, rbp
    int 0x30
    align 4096

section .server progbits alloc exec nowrite align=4096
global server
server:
    syscall
    jmp server
    align 4096

; ---- Data, on pages without code: TCG is slow where the two meet ----

section .data align=4096
global other_rip, other_rsp, root, roots_differ, gdt_tss, tss
other_rip:
    dq 0
other_rsp:
    dq 0
root:                                   ; of the program that runs
    dq 0
roots_differ:                           ; one root XOR the other
    dq 0
kernel_stack:
    dq 0

align 16
gdt:
    dq 0
    dq 0x00209a0000000000               ; 8: kernel code
    dq 0x0000920000000000               ; 16: kernel data
    dq 0x0000f20000000000               ; 24: user data, 8 below user code as SYSRET wants it
    dq 0x0020fa0000000000               ; 32: user code
gdt_tss:                                ; 40: filled in by floor.c
    dq 0, 0
gdt_pointer:
    dw $ - gdt - 1
    dd gdt
    dd 0

align 16
tss:
    dd 0
.rsp0:
    times 100 db 0

section .bss
alignb 4096
global identity_pdpt
first_root:
    resb 4096
identity_pdpt:
    resb 4096
identity_pd:
    resb 4096
    resb 8192
stack_top:
