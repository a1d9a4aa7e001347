; The console font, as its package has it: build/font.psf is made by the Makefile from
; console-setup-linux's Uni2-VGA16.psf.gz, and nasm is given build/ to look for it.

bits 64
default rel

global console_font_start:data hidden
global console_font_end:data hidden

section .rodata align=16
console_font_start:
    incbin "font.psf"
console_font_end:

section .note.GNU-stack noalloc noexec nowrite progbits
