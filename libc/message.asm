; The message calls' registers (cocos/message.h) for C: message.c makes the arguments.

default rel
section .text

; struct message (cocos/sys.h); message.c asserts these.
%define MESSAGE_BADGE 48
%define MESSAGE_RECEIVED_SLOT 64
%define MESSAGE_SEND_RUN 72
%define MESSAGE_RECEIVE_FRAMES 80
%define MESSAGE_RECEIVED_RUN 88
%define MESSAGE_RECEIVED_FRAMES 96

; int64_t cocos_message_exchange(number, slots, deadline, struct message *): a call that sends and
; receives. rdi = number, rsi = what rbx is to hold, rdx = deadline, rcx = message.
; The message changes only when the result is not negative.
global cocos_message_exchange:function hidden
cocos_message_exchange:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov rax, rdi
    mov rbx, rsi
    mov r14, rdx
    mov rbp, rcx                ; the kernel keeps rbp
    mov rdi, [rbp]
    mov rsi, [rbp + 8]
    mov rdx, [rbp + 16]
    mov r10, [rbp + 24]
    mov r8, [rbp + 32]
    mov r9, [rbp + 40]
    mov r12, [rbp + MESSAGE_SEND_RUN]
    mov r13, [rbp + MESSAGE_RECEIVE_FRAMES]
    xor r15d, r15d
    syscall
    test rax, rax
    js .end
    mov [rbp], rdi
    mov [rbp + 8], rsi
    mov [rbp + 16], rdx
    mov [rbp + 24], r10
    mov [rbp + 32], r8
    mov [rbp + 40], r9
    mov [rbp + MESSAGE_BADGE], rbx
    mov [rbp + MESSAGE_RECEIVED_SLOT], r15d
    mov [rbp + MESSAGE_RECEIVED_RUN], r12
    mov [rbp + MESSAGE_RECEIVED_FRAMES], r13
.end:
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

; int64_t cocos_message_send(number, slots, const uint64_t words[6], run): a call that only sends.
; rdi = number, rsi = what rbx is to hold, rdx = words, rcx = what r12 is to hold.
global cocos_message_send:function hidden
cocos_message_send:
    push rbx
    push r12
    push r13
    push r14
    push r15
    mov rax, rdi
    mov rbx, rsi
    mov r12, rcx
    mov rcx, rdx
    mov rdi, [rcx]
    mov rsi, [rcx + 8]
    mov rdx, [rcx + 16]
    mov r10, [rcx + 24]
    mov r8, [rcx + 32]
    mov r9, [rcx + 40]
    xor r13d, r13d
    xor r14d, r14d
    syscall
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
