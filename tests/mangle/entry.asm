; Entry of the mangler (mangle.c): GRUB starts it by Multiboot2, and it starts the real kernel.
; On entry, by Multiboot2: eax = magic, ebx = information structure, 32-bit protected mode.

%define HEADER_MAGIC 0xe85250d6

section .multiboot align=8
header:
    dd HEADER_MAGIC
    dd 0                                ; i386, protected mode
    dd header_end - header
    dd 0x100000000 - (HEADER_MAGIC + (header_end - header))
    dw 6, 0                             ; modules on frame boundaries, as the real kernel asks
    dd 8
    dw 0, 0                             ; end
    dd 8
header_end:

section .text
bits 32
global mangle_entry, enter_kernel
extern mangle_main
mangle_entry:
    cld
    mov esp, stack_top
    push ebx
    push eax
    call mangle_main
.halt:
    cli
    hlt
    jmp .halt

; enter_kernel(entry, magic, information): the state of the machine is as GRUB left it.
enter_kernel:
    mov ecx, [esp + 4]
    mov eax, [esp + 8]
    mov ebx, [esp + 12]
    jmp ecx

section .bss
alignb 16
    resb 4096
stack_top:
