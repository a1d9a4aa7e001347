"""One run of a machine, from the command line to the exit status."""

import os
import select
import signal
import sys
import tempfile
import time

from . import options as command_line
from .bochs import Bochs
from .console import Console
from .image import derive
from .machine import Failure
from .qemu import Qemu
from .typist import LineTypist, Person, PipeTypist

TIMED_OUT, FAILED = 124, 125
PICTURES_AT_MOST = 20
SECONDS_BETWEEN_PICTURES = 0.2
EMULATORS = {"qemu": Qemu, "bochs": Bochs}


class Interrupted(Exception):
    """A signal that asks this process to end."""


def say(text):
    print(f"tools/run: {text}", file=sys.stderr)


def make_typist(options):
    if options.command or options.debugger_script:
        return LineTypist(options.command, b"" if options.debugger_script else b"poweroff\r")
    return Person() if options.interactive else PipeTypist()


class Session:
    """Carries bytes between the guest and the world until the machine has ended or must."""

    def __init__(self, options, machine, typist, log):
        self.options, self.machine, self.typist, self.log = options, machine, typist, log
        self.console = Console(keep_returns=os.isatty(1))
        self.end = time.monotonic() + options.timeout if options.timeout else None
        self.to_guest = b""
        self.picture_taken = False
        os.set_blocking(machine.input, False)

    def run(self):
        """The exit status."""
        while True:
            if not self.step():
                return self.ended()
            if self.machine.has_reset():
                self.drain()
                return self.ended()
            if self.console.halted and not self.options.debugger_script:
                self.take_picture()
                raise Failure(f"the machine stopped: {self.console.trouble}")
            if self.end and time.monotonic() >= self.end:
                return self.timed_out()
            if self.typist.about_to_end(self.console):
                self.take_picture()
                if self.options.debugger_script and self.options.command:
                    self.machine.interrupt()
            self.to_guest += self.typist.keys(self.console)

    def step(self):
        """Waits for something to happen and deals with it; False when the machine has ended."""
        alive = self.alive()
        inputs = [
            self.machine.output,
            *self.machine.control_descriptors(),
            *self.typist.descriptors(),
        ]
        outputs = [self.machine.input] if self.to_guest else []
        wait = 0.1 if self.end is None else max(0, min(0.1, self.end - time.monotonic()))
        ready, writable, _ = select.select(inputs, outputs, [], wait if alive else 0)
        if writable:
            self.to_guest = self.to_guest[self.write(self.to_guest) :]
        self.machine.poll_control()
        if 0 in ready and not self.typist.read():
            self.take_picture()
            raise Interrupted(0)
        came = self.machine.output in ready and self.receive()
        return alive or came

    def alive(self):
        return (self.machine.debugger or self.machine.process).poll() is None

    def write(self, data):
        try:
            return os.write(self.machine.input, data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def receive(self):
        """Takes in output of the guest; False when there is none."""
        try:
            data = os.read(self.machine.output, 65536)
        except OSError:
            data = b""
        if self.log:
            self.log.write(data)
        self.show(self.console.feed(data) if data else b"")
        if not data:
            time.sleep(0.01)
        return data != b""

    def drain(self):
        """Takes in what the guest has printed so far."""
        while select.select([self.machine.output], [], [], 0)[0] and self.receive():
            pass

    def show(self, data):
        if not self.options.debugger_script and data:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def take_picture(self):
        """The screen, once it stands still: it may be drawn after the serial line has said all."""
        if not self.options.screendump or self.picture_taken:
            return
        self.picture_taken = True
        before = None
        for _ in range(PICTURES_AT_MOST):
            self.machine.screendump(self.options.screendump)
            with open(self.options.screendump, "rb") as file:
                picture = file.read()
            if picture == before:
                return
            before = picture
            time.sleep(SECONDS_BETWEEN_PICTURES)

    def timed_out(self):
        if self.console.trouble:
            raise Failure(f"the machine did not halt after: {self.console.trouble}")
        self.take_picture()
        what = "" if self.console.started else ", and cocOS had not started"
        say(f"the machine had not ended after {self.options.timeout:g} s{what}.")
        return TIMED_OUT

    def ended(self):
        """The exit status after the machine ended by itself."""
        if (
            self.options.debugger_script
            and self.machine.debugger.returncode == 0
            and self.console.status is None
        ):
            return 0
        if self.console.reboots and not self.machine.has_reset():
            raise Failure("the machine said that it reboots, and did not: " + self.machine.end())
        if self.console.status is not None:
            if self.console.reboots:
                say("the machine starts again: the run ends here.")
            if self.typist.lines:
                line = self.typist.lines[0].decode(errors="replace")
                ended = "started again" if self.console.reboots else "powered off"
                say(f"the machine {ended} before this was typed: {line}")
            if self.options.screendump and not self.picture_taken:
                say("no picture was taken: the machine was powered off by a command.")
            return self.console.status
        if self.console.trouble:
            raise Failure(f"the machine ended after: {self.console.trouble}")
        if self.machine.closed_by_person():
            return 0
        where = "" if self.console.started else "cocOS did not start: "
        raise Failure(where + self.machine.end())

    def close(self):
        """What is left to show."""
        try:
            self.show(self.console.rest())
        except BrokenPipeError:
            pass


def run(options, directory):
    """Starts the machine, carries its session through, and leaves nothing behind."""
    iso = derive(options.iso, options.module, options.append, directory)
    machine = typist = session = None
    log = open(options.log, "wb", buffering=0) if options.log else None
    try:
        machine = EMULATORS[options.emulator](options, iso, directory)
        typist = make_typist(options)
        session = Session(options, machine, typist, log)
        return session.run()
    finally:
        if machine:
            machine.kill()
        if typist:
            typist.close()
        if session:
            session.close()
        if log:
            log.close()


def main(arguments):
    def interrupt(number, _frame):
        raise Interrupted(number)

    try:
        options = command_line.parse(arguments)
        signal.signal(signal.SIGTERM, interrupt)
        signal.signal(signal.SIGHUP, interrupt)
        # Ctrl-C belongs to the debugger where there is one.
        signal.signal(signal.SIGINT, signal.SIG_IGN if options.debugger_script else interrupt)
        with tempfile.TemporaryDirectory(prefix="cocos-run-") as directory:
            return run(options, directory)
    except Failure as failure:
        say(failure)
        return FAILED
    except Interrupted as interrupted:
        return 128 + interrupted.args[0] if interrupted.args[0] else 0
    except BrokenPipeError:
        sys.stdout = None
        say("nobody reads standard output any more.")
        return FAILED
    except OSError as error:
        say(f"{error.filename or 'the system'}: {error.strerror}.")
        return FAILED
