; The console font, as packaged by Debian (build/font.psf: see the Makefile).
section .rodata
global console_font_start, console_font_end
align 8
console_font_start:
    incbin "font.psf"
console_font_end:
