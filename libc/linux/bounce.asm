; The bounce: where a Linux system call of this program arrives (doc/programs.md).
;
; On entry, as the SYSCALL instruction left it: rax = Linux number, rdi rsi rdx r10 r8 r9 =
; arguments, rcx = return address, r11 = flags, everything else the program's.
; On exit: rax = result, rcx and r11 as on entry, everything else unchanged, flags included;
; that is what Linux gives. Vector registers are not touched: the C part is compiled without.

default rel
section .text
extern linux_serve

%define RED_ZONE_BYTES 128              ; System V ABI, 3.2.2: the program may be using it

global linux_bounce:function hidden
linux_bounce:
    lea rsp, [rsp - RED_ZONE_BYTES]
    push rcx
    push r11
    push rbp
    push r9
    push r8
    push r10
    push rdx
    push rsi
    push rdi
    mov rbp, rsp                        ; the six arguments, in order
    mov rdi, rax
    mov rsi, rsp
    and rsp, -16
    cld
    call linux_serve
    mov rsp, rbp
    pop rdi
    pop rsi
    pop rdx
    pop r10
    pop r8
    pop r9
    pop rbp
    mov r11, [rsp]
    popfq
    pop rcx
    lea rsp, [rsp + RED_ZONE_BYTES]     ; lea: keeps the flags
    jmp rcx

section .note.GNU-stack noalloc noexec nowrite progbits
