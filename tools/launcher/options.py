"""The command line of tools/run, checked: everything that can be refused before a machine is
started is refused here."""

import argparse
import os
import re
import shlex
import sys

from .machine import Failure

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))

MIB = 1 << 20
SECTOR = 512
UNITS = {"": MIB, "K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}

DESCRIPTION = """\
Boots cocOS in an emulator. The guest's console is on standard output, and standard input goes to
the guest: a terminal as it is typed (Ctrl-A X ends the machine), anything else line by line, each
when the shell shows its prompt; at its end the machine is powered off."""

EPILOG = """\
exit status:
  the status of the guest's last command, after it powered off
  124 when --timeout has passed
  the same when the guest has reset the machine by the command reboot: the run ends there
  125 when the machine could not be started, refused to start, panicked, reset itself, or ended
      without a status

examples:
  tools/run                                          a shell in this terminal
  tools/run --command 'vm' --command 'ps'            two commands, then power off
  tools/run --module 'build/tests/system/ipc 3'      one program more, with the argument 3
  tools/run --emulator bochs --debugger-script FILE  Bochs's debugger, which reads FILE first
"""


class Parser(argparse.ArgumentParser):
    """Bad usage is a machine that could not be started: status 125."""

    def error(self, message):
        raise Failure(f"{message} (tools/run --help lists the options).")


def parse_size(text):
    """Bytes from 512M, 1G, 1T; a number alone counts MiB, as in QEMU."""
    match = re.fullmatch(r"([0-9]+)([KMGT]?)(?:i?B)?", text, re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no size; write a number with K, M, G or T, such as 512M"
        )
    size = int(match[1]) * UNITS[match[2].upper()]
    if size < MIB or size % MIB:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no memory size: whole MiB are needed, and at least one"
        )
    if size > 16 << 40:
        raise argparse.ArgumentTypeError(f"'{text}' is too much memory: the most is 16T")
    return size


def parse_count(text):
    if not re.fullmatch(r"[0-9]+", text) or not 1 <= int(text) <= 255:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of CPUs; write 1 to 255")
    return int(text)


def parse_seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is no time; write a number of seconds above 0")
    return seconds


def parse_words(text):
    """Words for a command line in grub.cfg. GRUB would put a backslash before some characters; they
    are refused."""
    if re.search(r"[^\x20-\x7e]|['\"\\]", text):
        raise argparse.ArgumentTypeError(
            f"{ascii(text)} cannot be handed on by GRUB: use printable ASCII "
            "without quotes and backslashes"
        )
    return text.split()


def parse_options(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{ascii(text)} has a quotation mark without its other half"
        ) from error


def parse_command(text):
    if re.search(r"[\r\n\x04]", text):
        raise argparse.ArgumentTypeError(
            f"{ascii(text)} is not one line; give --command once for each line"
        )
    return text


def parser():
    p = Parser(
        prog="tools/run",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    machine = p.add_argument_group("the machine")
    machine.add_argument(
        "--emulator", choices=["qemu", "bochs"], default="qemu", help="default: qemu"
    )
    machine.add_argument(
        "--firmware",
        choices=["bios", "uefi"],
        default="bios",
        help="default: bios; uefi: QEMU only",
    )
    machine.add_argument(
        "--machine", choices=["pc", "q35"], default="pc", help="chipset of QEMU; default: pc"
    )
    machine.add_argument(
        "--accel",
        choices=["auto", "kvm", "tcg"],
        default="auto",
        help="auto takes KVM where the processor and the device allow it; default: auto",
    )
    machine.add_argument(
        "--cpu",
        metavar="MODEL",
        help="CPU model with its flags; default: max for QEMU, corei7_skylake_x for Bochs",
    )
    machine.add_argument(
        "--memory",
        metavar="SIZE",
        type=parse_size,
        default=512 * MIB,
        help="such as 64M, 8G or 1T, which need not be there; default: 512M",
    )
    machine.add_argument(
        "--cpus", metavar="N", type=parse_count, default=1, help="number of CPUs; default: 1"
    )
    machine.add_argument(
        "--icount", action="store_true", help="QEMU counts instructions: one is one nanosecond"
    )
    machine.add_argument(
        "--qemu",
        metavar="TEXT",
        action="append",
        default=[],
        type=parse_options,
        help="options for QEMU itself, such as --qemu='-device edu'; may be repeated",
    )
    machine.add_argument(
        "--share",
        metavar="DIR",
        help="QEMU: a directory of this machine, which is /host in the guest; it may write there",
    )
    machine.add_argument(
        "--disk",
        metavar="FILE",
        action="append",
        default=[],
        help="a disk (QEMU: virtio, Bochs: IDE), whose contents FILE is, sector by sector; may be repeated",
    )
    machine.add_argument(
        "--display", action="store_true", help="open a window with the guest's screen"
    )

    system = p.add_argument_group("the system")
    system.add_argument(
        "--iso",
        metavar="FILE",
        default=os.path.join(ROOT, "build", "cocos.iso"),
        help="the boot image; default: build/cocos.iso",
    )
    system.add_argument(
        "--module",
        metavar='"FILE ARGS"',
        action="append",
        default=[],
        type=parse_words,
        help="one program more, started before the shell under the name of FILE; may be repeated. "
        "It takes the place of a module of the same name",
    )
    system.add_argument(
        "--append",
        metavar="TEXT",
        action="append",
        default=[],
        type=parse_words,
        help="words for the kernel's command line; start=A,B says exactly what init starts",
    )

    session = p.add_argument_group("the session")
    session.add_argument(
        "--command",
        metavar="TEXT",
        action="append",
        default=[],
        type=parse_command,
        help="type TEXT at the shell's prompt; may be repeated; after the last one the machine is "
        "powered off. Standard input is then not read",
    )
    session.add_argument(
        "--timeout", metavar="S", type=parse_seconds, help="end the machine after S seconds"
    )
    session.add_argument(
        "--log", metavar="FILE", help="copy everything from the serial line to FILE as it came"
    )
    session.add_argument(
        "--screendump",
        metavar="FILE.png",
        help="QEMU: picture of the screen before the power off, at a panic, or when the time is "
        "over",
    )
    session.add_argument(
        "--gdb",
        action="store_true",
        help="QEMU: stop before the first instruction and wait for a debugger; standard error says "
        "where",
    )
    session.add_argument(
        "--debugger-script",
        metavar="FILE",
        help="run gdb (for QEMU) or Bochs's own debugger on standard input and output, with the "
        "kernel's symbols and FILE's commands first; the guest's console is then only in --log. "
        "After the last --command the machine is stopped instead of powered off, and FILE goes on",
    )
    return p


def check_files(options):
    if not os.path.isfile(options.iso):
        raise Failure(f"there is no boot image {options.iso}: build it with make.")
    for file, *_ in options.module:
        if not os.path.isfile(file):
            raise Failure(f"module {file} is not a file.")
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", os.path.basename(file)):
            raise Failure(
                f"module {file} cannot be named after its file: use letters, digits and ._+-"
            )
    if options.debugger_script and not os.path.isfile(options.debugger_script):
        raise Failure(f"there is no debugger script {options.debugger_script}.")
    if options.share is not None and not os.path.isdir(options.share):
        raise Failure(f"--share {options.share}: there is no such directory.")
    for output in (options.log, options.screendump):
        if output and not os.path.isdir(os.path.dirname(output) or "."):
            raise Failure(f"{output} cannot be written: its directory does not exist.")


def check_disks(options):
    for disk in options.disk:
        if not os.path.isfile(disk):
            raise Failure(f"there is no disk {disk}: make one with truncate -s 64M {disk}.")
        if not os.access(disk, os.R_OK | os.W_OK):
            raise Failure(f"the disk {disk} may not be read and written.")
        size = os.path.getsize(disk)
        if size == 0 or size % SECTOR:
            raise Failure(f"the disk {disk} has {size} bytes: it must be whole sectors of {SECTOR}.")
        if options.disk.count(disk) > 1:
            raise Failure(f"the disk {disk} is given twice.")


def check_combinations(options):
    if options.emulator == "bochs":
        for option, given in (
            ("--firmware uefi", options.firmware == "uefi"),
            ("--machine q35", options.machine == "q35"),
            ("--accel kvm", options.accel == "kvm"),
            ("--icount", options.icount),
            ("--gdb", options.gdb),
            ("--screendump", options.screendump),
            ("--qemu", options.qemu),
            ("--share", options.share),
        ):
            if given:
                raise Failure(f"Bochs has no {option}: use QEMU.")
    if options.icount and options.accel == "kvm":
        raise Failure("--icount counts instructions only with --accel tcg.")
    if options.screendump and not options.screendump.endswith(".png"):
        raise Failure(f"the picture {options.screendump} must be named .png.")
    if options.gdb and options.debugger_script:
        raise Failure("--gdb waits for a debugger, --debugger-script runs one: give one of them.")
    if options.display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise Failure("--display needs a display, and neither DISPLAY nor WAYLAND_DISPLAY is set.")


def parse(arguments):
    p = parser()
    options = p.parse_args(arguments)
    if any(not words for words in options.module):
        raise Failure("--module needs the name of a file.")
    check_combinations(options)
    check_files(options)
    check_disks(options)
    options.append = [word for words in options.append for word in words]
    options.interactive = sys.stdin is not None and sys.stdin.isatty()
    return options
