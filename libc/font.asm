; The console font for pictures, as its package has it: build/font.psf is made by the Makefile.

bits 64
default rel

global picture_font:data hidden

section .rodata align=16
picture_font:
    incbin "font.psf"

section .note.GNU-stack noalloc noexec nowrite progbits
