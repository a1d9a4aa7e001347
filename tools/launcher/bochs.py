"""Bochs: its configuration file, its serial line on a pseudo-terminal, and its debugger."""

import os
import re
import subprocess
import tty

from .machine import Failure, Machine, find_file, find_program

CONFIGURATION = """\
config_interface: textconfig
display_library: {display}
memory: guest={megabytes}, host={host_megabytes}
romimage: file={bios}
vgaromimage: file={video_bios}
cpu: model={cpu}, count={cpus}, ips={ips}, reset_on_triple_fault=0
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx
boot: cdrom
ata0: enabled=1
ata0-master: type=cdrom, path="{iso}", status=inserted
{disks}com1: enabled=1, mode=term, dev={serial}
speaker: enabled=0
sound: driver=dummy
log: {log}
panic: action=fatal
error: action=report
info: action=report
"""

# The BIOS waits in simulated time for keys and drives: more instructions a second make that longer.
# Where disks go, beside the one that the system is started from.
PLACES = ["ata0-slave", "ata1-master", "ata1-slave"]

INSTRUCTIONS_PER_SECOND = 20000000
MOST_MEGABYTES = 2048
HOST_MEGABYTES = 1024


# In its log Bochs marks what it ended for; before it has a log, only what it says of its
# configuration tells.
ACCUSED = re.compile(r"^\d+p\[.*?\] (?:>>PANIC<< )?(.*?)\.?$", re.MULTILINE)
REFUSED = re.compile(r"^\d+[ep]\[ +\] (?:>>PANIC<< )?(?:\S*/bochsrc:\d+: )?(.*?)\.?$", re.MULTILINE)
RESET = "bx_pc_system_c::Reset("


class Bochs(Machine):
    name = "Bochs"

    def __init__(self, options, iso, directory):
        super().__init__(directory)
        program = find_program("bochs", "bochs")
        self.log = os.path.join(directory, "bochs.log")
        self.output, self.serial = os.openpty()
        self.input = self.output
        tty.setraw(self.serial)
        configuration = os.path.join(directory, "bochsrc")
        with open(configuration, "w", encoding="utf-8") as stream:
            stream.write(self.configuration(options, iso, os.ttyname(self.serial)))
        script = os.path.join(directory, "debugger.rc")
        with open(script, "w", encoding="utf-8") as stream:
            stream.write(debugger_commands(options))
        command = [program, "-q", "-f", configuration, "-rc", script]
        if options.debugger_script:
            self.process = self.spawn(command, foreground=True, offline=not options.display)
            self.debugger = self.process
        else:
            self.process = self.spawn(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                offline=not options.display,
            )

    def configuration(self, options, iso, serial):
        megabytes = options.memory >> 20
        if megabytes > MOST_MEGABYTES:
            raise Failure(f"Bochs has at most {MOST_MEGABYTES}M of memory: use QEMU for more.")
        return CONFIGURATION.format(
            # Without a window the screen goes to nobody: the server of the plugin rfb is cut off by
            # the network namespace that spawn() makes, where the host allows one.
            display="x" if options.display else 'rfb, options="timeout=0"',
            megabytes=megabytes,
            host_megabytes=min(megabytes, HOST_MEGABYTES),
            bios=find_file(
                ["/usr/share/bochs/BIOS-bochs-latest"], "the BIOS of Bochs", "bochsbios"
            ),
            video_bios=find_file(
                ["/usr/share/vgabios/vgabios.bin", "/usr/share/bochs/VGABIOS-lgpl-latest"],
                "the video BIOS of Bochs",
                "vgabios",
            ),
            cpu=options.cpu or "corei7_skylake_x",
            cpus=options.cpus,
            ips=INSTRUCTIONS_PER_SECOND,
            iso=iso,
            disks=disks(options.disk),
            serial=serial,
            log=self.log,
        )

    def closed_by_person(self):
        return False

    def read_log(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, errors="replace") as stream:
            return stream.read()

    def has_reset(self):
        """It would start the guest again. The first reset of all is the power-on."""
        return self.read_log().count(RESET) > 1

    def end(self):
        """A sentence on a machine that ended by itself."""
        text = self.read_log()
        if "soft power off" in text:
            return "the machine powered itself off without saying with which status."
        if re.search(r"3rd \(\d+\) exception with no resolution", text):
            return "the machine reset itself by a triple fault."
        if text.count(RESET) > 1:
            return "the machine reset itself."
        reasons = ACCUSED.findall(text) or REFUSED.findall(self.all_errors())
        return f"Bochs ended: {'; '.join(reasons[-2:])}." if reasons else "Bochs ended by itself."


def disks(paths):
    """IDE disks. Bochs finds out their geometry itself where it is told of no cylinders."""
    if len(paths) > len(PLACES):
        raise Failure(f"Bochs has room for {len(PLACES)} disks: use QEMU for more.")
    return ("ata1: enabled=1\n" if paths else "") + "".join(
        f'{place}: type=disk, mode=flat, path="{os.path.abspath(path)}", cylinders=0\n'
        for place, path in zip(PLACES, paths)
    )


def debugger_commands(options):
    """What the debugger reads first: without a script it just lets the machine run."""
    if not options.debugger_script:
        return "c\n"
    symbols = os.path.join(os.path.dirname(options.iso), "kernel.sym")
    with open(options.debugger_script, encoding="utf-8") as stream:
        script = stream.read()
    return (f'ldsym global "{symbols}"\n' if os.path.isfile(symbols) else "") + script
