"""QEMU: its command line, and the connection (QMP) that says why the machine ended and takes
pictures of its screen."""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time

from .machine import Failure, Machine, find_file, find_program

OVMF = "/usr/share/OVMF"
OVMF_CODE = [f"{OVMF}/OVMF_CODE_4M.fd", f"{OVMF}/OVMF_CODE.fd"]

# The CPU models of TCG have 40 address bits, into which memory must fit together with the holes
# below and above it.
MEMORY_FOR_40_BITS = 1000 << 30
HOLE_BELOW_4G = 1 << 30


def kvm_usable():
    """Whether KVM runs guests at full speed: both the processor's flag and a device that opens are
    needed."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
            if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpuinfo.read(), re.MULTILINE):
                return False
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError:
        return False
    return True


def share(directory):
    """Options for a directory that the guest has, too (virtio-9p). What is written there, is this
    machine's user's."""
    path = comma(os.path.abspath(directory))
    return [
        "-fsdev",
        f"local,id=share,path={path},security_model=none,multidevs=remap",
        "-device",
        "virtio-9p-pci,fsdev=share,mount_tag=host",
    ]


class Control:
    """One end of a QMP connection: commands with their answers, and the reason of a shutdown."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.setblocking(False)
        self.open = True
        self.pending = b""
        self.answers = {}
        self.sent = 0
        self.reason = None
        self.send("qmp_capabilities")

    def send(self, command, **arguments):
        self.sent += 1
        message = {"execute": command, "arguments": arguments, "id": self.sent}
        try:
            self.connection.send(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise Failure("the emulator no longer answers.") from error

    def poll(self):
        """Takes in everything that has come."""
        while self.open:
            try:
                data = self.connection.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            self.open = data != b""
            *lines, self.pending = (self.pending + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                if "id" in message:
                    self.answers[message["id"]] = message
                elif message.get("event") == "SHUTDOWN":
                    self.reason = message["data"].get("reason")

    def execute(self, command, **arguments):
        """Sends COMMAND and waits for its answer, at most ten seconds."""
        self.send(command, **arguments)
        end = time.monotonic() + 10
        while self.sent not in self.answers:
            select.select([self.connection], [], [], max(0, end - time.monotonic()))
            self.poll()
            if not self.open or time.monotonic() > end:
                raise Failure(f"the emulator did not answer {command}.")
        if "error" in self.answers[self.sent]:
            raise Failure(f"{command}: {self.answers[self.sent]['error']['desc']}.")


class Qemu(Machine):
    name = "QEMU"

    def __init__(self, options, iso, directory):
        super().__init__(directory)
        command = self.command(options, iso, directory)
        ours, theirs = socket.socketpair()
        command += [
            "-chardev",
            f"socket,id=control,fd={theirs.fileno()}",
            "-mon",
            "chardev=control,mode=control",
        ]
        self.process = self.spawn(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self.output, self.input = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.control = Control(ours)
        if options.debugger_script:
            self.start_gdb(options, os.path.join(directory, "gdb"))

    def command(self, options, iso, directory):
        accel = options.accel
        if accel == "auto":
            accel = "kvm" if not options.icount and kvm_usable() else "tcg"
        cpu = options.cpu or ("max,-erms" if options.icount else "max")
        if accel == "tcg" and options.memory > MEMORY_FOR_40_BITS and "phys-bits" not in cpu:
            # No more bits than needed: OVMF takes minutes to map an address space of 46.
            cpu += f",phys-bits={(options.memory + HOLE_BELOW_4G - 1).bit_length()}"
            # TCG's own models say that they are AMD's, for which QEMU moves this much memory away
            # from 4 GiB to 1 TiB.
            cpu += "" if "vendor=" in cpu else ",vendor=GenuineIntel"
        command = [
            find_program("qemu-system-x86_64", "qemu-system-x86"),
            "-accel",
            accel,
            "-nodefaults",
            "-no-user-config",
            "-machine",
            f"{options.machine},memory-backend=ram",
            "-cpu",
            cpu,
            "-smp",
            str(options.cpus),
            # Nothing is reserved, so that the machine may have more memory than there is.
            "-object",
            f"memory-backend-ram,id=ram,size={options.memory},reserve=off",
            "-m",
            f"{options.memory >> 20}M",
            "-no-reboot",
            "-boot",
            "order=d",
            "-vga",
            "std",
            "-serial",
            "stdio",
            "-drive",
            f"file={comma(iso)},format=raw,media=cdrom,readonly=on",
            *(word for words in options.qemu for word in words),
        ]
        if options.share is not None:
            command += share(options.share)
        for number, disk in enumerate(options.disk):
            command += [
                "-drive",
                f"file={comma(os.path.abspath(disk))},format=raw,if=none,id=disk{number}",
                "-device",
                f"virtio-blk-pci,drive=disk{number}",
            ]
        if not options.display:
            command += ["-display", "none"]
        if options.icount:
            command += ["-icount", "shift=0,sleep=off"]
        if options.firmware == "uefi":
            command += uefi_drives(directory)
        if options.debugger_script:
            command += [
                "-S",
                "-gdb",
                f"unix:{comma(os.path.join(directory, 'gdb'))},server=on,wait=off",
            ]
        elif options.gdb:
            port = free_port()
            kernel = os.path.join(os.path.dirname(options.iso), "kernel.elf")
            print(
                f"tools/run: stopped; attach with: gdb {kernel} "
                f"-ex 'target remote localhost:{port}'",
                file=sys.stderr,
            )
            command += ["-S", "-gdb", f"tcp:localhost:{port}"]
        return command

    def start_gdb(self, options, address):
        end = time.monotonic() + 10
        while not os.path.exists(address):
            if not self.running() or time.monotonic() > end:
                raise Failure(f"QEMU could not be started: {self.complaint()}")
            time.sleep(0.02)
        kernel = os.path.join(os.path.dirname(options.iso), "kernel.elf")
        symbols = [kernel] if os.path.isfile(kernel) else []
        self.debugger = self.spawn(
            [
                find_program("gdb", "gdb"),
                "-q",
                "-nx",
                *symbols,
                "-ex",
                "set pagination off",
                "-ex",
                f"target remote {address}",
                "-x",
                options.debugger_script,
            ],
            foreground=True,
        )

    def control_descriptors(self):
        return [self.control.connection] if self.control.open else []

    def poll_control(self):
        self.control.poll()

    def has_reset(self):
        return self.control.reason == "guest-reset"

    def closed_by_person(self):
        """Whether the machine ended because its window was closed."""
        return self.control.reason == "host-ui"

    def end(self):
        """A sentence on a machine that ended by itself."""
        if self.has_reset():
            return "the machine reset itself, as after a triple fault."
        if self.control.reason == "guest-shutdown":
            return "the machine powered itself off without saying with which status."
        complaint = self.complaint()
        return f"QEMU ended: {complaint}" if complaint else "QEMU ended by itself."

    def screendump(self, path):
        self.control.execute("screendump", filename=os.path.abspath(path), format="png")


def free_port():
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


def comma(path):
    """A path inside an option of QEMU: a comma is doubled."""
    return path.replace(",", ",,")


def uefi_drives(directory):
    code = find_file(OVMF_CODE, "UEFI firmware for QEMU", "ovmf")
    variables = os.path.join(directory, "uefi-variables.fd")
    shutil.copyfile(
        find_file([code.replace("_CODE", "_VARS")], "UEFI firmware for QEMU", "ovmf"), variables
    )
    return [
        "-drive",
        f"if=pflash,format=raw,readonly=on,file={comma(code)}",
        "-drive",
        f"if=pflash,format=raw,file={comma(variables)}",
    ]
