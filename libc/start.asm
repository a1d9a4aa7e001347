; cocos_start: the entry of every program. The kernel's thread_start leaves rsp at the top of an
; empty stack and no Linux program start; this makes one and goes on with musl's _start.
; Runs before relocation, so everything here is reached relative to rip.

default rel
section .text
extern cocos_start_prepare, _start

%define START_STACK_BYTES 16384     ; libc/start_stack.h

; On entry: rsp = top of the stack, 16-byte aligned.
global cocos_start:function hidden
cocos_start:
    xor ebp, ebp                    ; the outermost frame, for backtraces
    mov rdi, rsp
    sub rsp, START_STACK_BYTES      ; the new stack is built above the builder's own
    call cocos_start_prepare              ; rax = where argc is
    mov rsp, rax
    xor edx, edx                    ; no function for atexit (System V ABI, 3.4.1)
    jmp _start

section .note.GNU-stack noalloc noexec nowrite progbits
