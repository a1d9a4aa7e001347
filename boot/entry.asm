; The first instructions: from GRUB's 32-bit protected mode to 64-bit C.
;
; Multiboot2 specification 2.0, 3.2 and 3.3: on entry eax = magic, ebx = physical address of the
; information structure, paging off, interrupts off, flat segments, A20 on. What is missing for
; 64-bit code is checked here, where only a VGA text screen and the serial line can be told.
;
; The tables built here are provisional: the first 4 GiB one to one, writable and executable,
; until identity_build has made the real ones. Source: Intel SDM 3A, 4.5 and 10.8.5.

%define SERIAL 0x3f8
%define CR0_PG (1 << 31)
%define CR4_PAE (1 << 5)
%define EFER 0xc0000080
%define EFER_LME (1 << 8)
%define EFER_NXE (1 << 11)

%include "gen/offsets.inc"

section .multiboot
align 8
header:
    dd 0xe85250d6                       ; magic of a Multiboot2 header
    dd 0                                ; architecture: i386, 32-bit protected mode
    dd header_end - header
    dd 0x100000000 - (0xe85250d6 + (header_end - header))
    ; information request: memory map is needed
    align 8
    dw 1, 0
    dd 12
    dd 6
    ; modules are to start on frame boundaries
    align 8
    dw 6, 0
    dd 8
    ; optional: a framebuffer of any size, for firmware without text modes
    align 8
    dw 5, 1
    dd 20
    dd 0, 0, 0
    align 8
    dw 0, 0
    dd 8
header_end:

section .text
bits 32
global boot_entry
extern kernel_main
boot_entry:
    cld
    mov esp, early_stack_top
    mov edi, eax                        ; kept until kernel_main: its two arguments
    mov esi, ebx
    call early_serial

    cmp edi, 0x36d76289
    mov ebp, no_loader
    jne refuse

    ; CPUID itself: the ID flag can be changed (Intel SDM 1, 20.1.2)
    mov ebp, no_long_mode
    pushfd
    pop eax
    mov ecx, eax
    xor eax, 1 << 21
    push eax
    popfd
    pushfd
    pop eax
    push ecx
    popfd
    cmp eax, ecx
    je refuse
    mov eax, 0x80000000
    cpuid
    cmp eax, 0x80000001
    jb refuse
    mov eax, 0x80000001
    cpuid
    test edx, 1 << 29                   ; LM
    jz refuse
    mov ebp, no_nx
    test edx, 1 << 20                   ; NX
    jz refuse
    mov ebp, edi
    push esi
    rdtsc                               ; whatever has a long mode has the counter
    mov [boot_start_ticks], eax
    mov [boot_start_ticks + 4], edx

    ; one PML4, one PDPT, four PDs of 2 MiB pages
    mov dword [early_pml4], early_pdpt + 3
    mov eax, early_pds + 3
    mov edi, early_pdpt
    mov ecx, 4
.pdpt:
    mov [edi], eax
    add eax, 4096
    add edi, 8
    loop .pdpt
    mov eax, 0x83                       ; present, writable, 2 MiB
    mov edi, early_pds
    mov ecx, 4 * 512
.pd:
    mov [edi], eax
    add eax, 0x200000
    add edi, 8
    loop .pd

    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov eax, early_pml4
    mov cr3, eax
    mov ecx, EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0
    or eax, CR0_PG
    mov cr0, eax
    pop esi
    mov edi, ebp
    lgdt [early_gdt_pointer]
    jmp 8:entry_64

; esi-safe: prints the sentence at ebp on screen and serial, then halts for ever.
refuse:
    mov edi, 0xb8000
    mov ecx, 80 * 25
    mov ax, 0x0720
    rep stosw
    mov edi, 0xb8000
    mov esi, ebp
.next:
    movzx eax, byte [esi]
    inc esi
    test al, al
    jz .halt
    call early_putc
    cmp al, 10
    jne .screen
    mov edi, 0xb8000 + 160              ; the second and last line
    jmp .next
.screen:
    cmp al, 13
    je .next
    mov ah, 0x4f
    mov [edi], ax
    add edi, 2
    jmp .next
.halt:
    cli
    hlt
    jmp .halt

; Sets COM1 to 115200 baud, 8N1 (16550 data sheet).
early_serial:
    mov dx, SERIAL + 1
    xor al, al
    out dx, al
    mov dx, SERIAL + 3
    mov al, 0x80
    out dx, al
    mov dx, SERIAL
    mov al, 1
    out dx, al
    mov dx, SERIAL + 1
    xor al, al
    out dx, al
    mov dx, SERIAL + 3
    mov al, 3
    out dx, al
    mov dx, SERIAL + 2
    mov al, 0xc7
    out dx, al
    ret

; al = byte to send; waits a bounded time for room. All registers kept.
early_putc:
    push eax
    push ecx
    push edx
    mov ecx, 100000
    mov dx, SERIAL + 5
.wait:
    in al, dx
    test al, 0x20
    loopz .wait
    mov eax, [esp + 8]
    mov dx, SERIAL
    out dx, al
    pop edx
    pop ecx
    pop eax
    ret

bits 64
; edi = magic, esi = information structure.
entry_64:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    xor eax, eax
    mov fs, ax
    mov gs, ax
    ; Native FPU errors, no emulation, no lazy switching; caches on, which Bochs's BIOS leaves off.
    mov rax, cr0
    and eax, ~((1 << 2) | (1 << 3) | (1 << 29) | (1 << 30))
    or eax, (1 << 1) | (1 << 5)
    mov cr0, rax
    fninit
    mov rsp, boot_stack_top
    xor ebp, ebp
    mov edi, edi
    mov esi, esi
    call kernel_main
.halt:
    cli
    hlt
    jmp .halt

section .rodata
no_loader: db "cocOS cannot start: not started by a Multiboot2 boot loader.", 13, 10
    db "machine halted", 13, 10, 0
no_long_mode: db "cocOS cannot start: this processor has no long mode (64-bit mode).", 13, 10
    db "machine halted", 13, 10, 0
no_nx: db "cocOS cannot start: this processor has no NX (no-execute pages).", 13, 10
    db "machine halted", 13, 10, 0

align 8
early_gdt:
    dq 0
    dq 0x00209a0000000000               ; 64-bit code
    dq 0x0000920000000000               ; data
early_gdt_pointer:
    dw early_gdt_pointer - early_gdt - 1
    dd early_gdt

section .bss
global boot_start_ticks
alignb 8
boot_start_ticks: resq 1
alignb 4096
early_pml4: resb 4096
early_pdpt: resb 4096
early_pds: resb 4 * 4096
alignb 16
    resb 256
early_stack_top:

; The boot CPU's stacks, each above a frame that the identity map leaves out; every other CPU has
; the same (kernel/x86/cpu.h).
section .stacks nobits alloc noexec write align=4096
global boot_stack_guard, boot_stack_top
boot_stack_guard:
    resb STACK_GUARD_BYTES
    resb STACK_KERNEL_BYTES
boot_stack_top:
    resb STACKS_BYTES - ($ - boot_stack_guard)
