"""The parts of tools/run.

options   what the command line says, checked
image     a boot image with further modules and words of the kernel's command line
machine   an emulator as a process: started, watched, and never left behind
qemu      QEMU: its command line and its control connection
bochs     Bochs: its configuration file and its debugger
console   what the guest prints: prompt, power off, panic
typist    what is typed into the guest, and when
session   the loop that joins them, and the exit status
"""
