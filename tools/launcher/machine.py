"""An emulator as a process: what QEMU and Bochs have in common."""

import ctypes
import os
import shutil
import signal
import subprocess

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Why there is no machine, or none any more: one sentence for standard error, and exit status
    125."""


def find_program(name, package):
    path = shutil.which(name)
    if not path:
        raise Failure(f"{name} is not installed: tools/setup installs it (package {package}).")
    return path


def find_file(paths, what, package):
    for path in paths:
        if os.path.isfile(path):
            return path
    raise Failure(f"{what} is missing ({paths[0]}): tools/setup installs it (package {package}).")


class Machine:
    """Started by the constructor of a subclass, which sets process, output, input, and where there
    is one, debugger.

    output and input are descriptors of the serial line. kill() must be called, and may be called
    more than once.
    """

    name = "The emulator"
    process = None
    debugger = None
    output = input = None

    def __init__(self, directory):
        self.errors = os.path.join(directory, "emulator.err")

    def spawn(self, command, foreground=False, offline=False, **descriptors):
        """Starts COMMAND so that it dies with this process; in a group of its own, unless it shares
        the terminal."""

        def prepare():
            if not foreground:
                os.setsid()
            if offline:
                # Where it may not be had, the emulator runs on without.
                libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        with open(self.errors, "ab") as errors:
            try:
                return subprocess.Popen(command, preexec_fn=prepare, stderr=errors, **descriptors)
            except OSError as error:
                raise Failure(f"{command[0]} cannot be started: {error.strerror}.") from error

    def running(self):
        return self.process.poll() is None

    def all_errors(self):
        with open(self.errors, errors="replace") as errors:
            return errors.read()

    def complaint(self):
        """The last lines that the emulator wrote to its standard error."""
        return "\n".join(
            line.strip() for line in self.all_errors().splitlines()[-5:] if line.strip()
        )

    def poll_control(self):
        """Takes in what the emulator reports beside the console."""

    def control_descriptors(self):
        return []

    def has_reset(self):
        """Whether the guest has reset the machine, which ends the session."""
        return False

    def interrupt(self):
        """Stops the running machine, so that its debugger reads the next command."""
        self.debugger.send_signal(signal.SIGINT)

    def screendump(self, path):
        raise Failure(f"{self.name} takes no pictures of the screen.")

    def kill(self):
        for process in (self.debugger, self.process):
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
