; A copy whose faults continue at another place: init is told of the range and of that place
; (INIT_GUARD in cocos/protocol/init.h).

default rel
section .text

; On entry: rdi = to, rsi = from, rdx = bytes. On exit: eax = 0: copied; 1: a page fault came
; between.
; It keeps nothing on the stack but where to return to, so that a fault leaves just that there.
global cocos_guarded_copy:function hidden
global cocos_guarded_start:data hidden
global cocos_guarded_end:data hidden
global cocos_guarded_failed:data hidden
cocos_guarded_copy:
    mov rcx, rdx
    cld
cocos_guarded_start:
    rep movsb
cocos_guarded_end:
    xor eax, eax
    ret
cocos_guarded_failed:
    mov eax, 1
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
