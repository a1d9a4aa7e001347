; The first instructions of every CPU but the first one: from real mode to 64-bit C.
;
; A CPU that gets a start-up interrupt begins in real mode at the start of a page below 1 MiB (Intel
; SDM 3A, 9.4.4): CPU_START_PAGE, which gets a copy of what lies between cpu_start_page and
; cpu_start_page_end. In protected mode it leaves that page for the kernel's text; only then does it
; turn on paging, with the kernel's own tables. So the page is never mapped executable.
;
; One CPU is started at a time: cpu_starting names the struct cpu that waits for it. One that comes
; too late, or uncalled, finds another's there or none, and halts.

%include "gen/offsets.inc"

%define CR0_MP (1 << 1)
%define CR0_EM (1 << 2)
%define CR0_TS (1 << 3)
%define CR0_NE (1 << 5)
%define CR0_WP (1 << 16)
%define CR0_NW (1 << 29)
%define CR0_CD (1 << 30)
%define CR0_PG (1 << 31)
%define CR4_PAE (1 << 5)
%define EFER 0xc0000080
%define EFER_LME (1 << 8)
%define EFER_NXE (1 << 11)
%define CPUID_TOPOLOGY 0xb

section .rodata
bits 16
global cpu_start_page, cpu_start_page_end
align 8
cpu_start_page:
    cli
    cld
    mov ax, cs
    mov ds, ax
    o32 lgdt [gdt_pointer - cpu_start_page]
    mov eax, cr0
    or al, 1                            ; protected mode
    mov cr0, eax
    jmp dword 24:start_32
align 4
gdt_pointer:
    dw gdt_end - gdt - 1
    dd gdt
cpu_start_page_end:

; Marked as accessed: with paging on, the processor could not do that here.
align 8
gdt:
    dq 0
    dq 0x00209b0000000000               ; 64-bit code
    dq 0x00cf93000000ffff               ; data
    dq 0x00cf9b000000ffff               ; 32-bit code
gdt_end:

section .text
bits 32
start_32:
    mov ax, 16
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov eax, cr4
    or eax, CR4_PAE
    mov cr4, eax
    mov eax, [cpu_starting_root]
    mov cr3, eax
    mov ecx, EFER
    rdmsr
    or eax, EFER_LME | EFER_NXE
    wrmsr
    mov eax, cr0                        ; an INIT leaves the caches off
    and eax, ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD)
    or eax, CR0_MP | CR0_NE | CR0_WP | CR0_PG
    mov cr0, eax
    jmp 8:start_64

bits 64
extern smp_main
start_64:
    xor eax, eax
    mov fs, ax
    mov gs, ax
    ; Its local APIC's id: of 32 bits where there is that leaf (SDM 2A, CPUID), else of 8.
    cpuid
    cmp eax, CPUID_TOPOLOGY
    jb .short_id
    mov eax, CPUID_TOPOLOGY
    xor ecx, ecx
    cpuid
    test bx, bx
    jnz .claim
.short_id:
    mov eax, 1
    cpuid
    shr ebx, 24
    mov edx, ebx
.claim:
    mov rax, [cpu_starting]
    test rax, rax
    jz .halt
    cmp edx, [rax + CPU_APIC_ID]
    jne .halt
    xor ecx, ecx
    lock cmpxchg [cpu_starting], rcx
    jne .halt
    mov rdi, rax
    mov rsp, [rdi + CPU_KERNEL_STACK]
    fninit
    xor ebp, ebp
    call smp_main
.halt:
    cli
    hlt
    jmp .halt

section .data
global cpu_starting, cpu_starting_root
align 8
cpu_starting: dq 0
cpu_starting_root: dq 0
