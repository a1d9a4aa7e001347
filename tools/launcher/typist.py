"""What is typed into the guest, and when: lines at the shell's prompt, or a person's keys as they
come."""

import os
import sys
import termios
import tty

END_OF_INPUT = b"\x04"
ESCAPE_KEY = b"\x01"


class LineTypist:
    """Types lines, each when the prompt has come anew; after the last one, what powers the machine
    off."""

    def __init__(self, lines, power_off):
        self.lines = [line.encode() for line in lines]
        self.power_off = power_off
        self.prompts_used = 0
        self.finished = False

    def descriptors(self):
        return []

    def ready(self, console):
        """Whether the shell has shown a prompt that nothing was typed at."""
        return not self.finished and console.prompts > self.prompts_used

    def about_to_end(self, console):
        return self.ready(console) and self.at_end()

    def at_end(self):
        return not self.lines

    def keys(self, console):
        if not self.ready(console):
            return b""
        if self.lines:
            self.prompts_used = console.prompts
            return self.lines.pop(0) + b"\r"
        if not self.at_end():
            return b""
        self.finished = True
        return self.power_off

    def close(self):
        pass


class PipeTypist(LineTypist):
    """The lines of standard input, which is no terminal."""

    def __init__(self):
        super().__init__([], END_OF_INPUT)
        self.pending = b""
        self.ended = sys.stdin is None or sys.stdin.closed

    def descriptors(self):
        # Not read ahead of the guest, so that whoever writes feels how fast it is.
        return [0] if not self.ended and len(self.lines) < 100 else []

    def at_end(self):
        return self.ended and not self.lines

    def read(self):
        data = os.read(0, 4096)
        *lines, self.pending = (self.pending + data).split(b"\n")
        self.lines += [line.rstrip(b"\r") for line in lines]
        if not data:
            self.ended = True
            if self.pending:
                self.lines.append(self.pending)
        return True


class Person:
    """A terminal: every key goes to the guest at once; Ctrl-A X ends the machine, Ctrl-A Ctrl-A
    types a Ctrl-A."""

    lines = ()

    def __init__(self):
        print("tools/run: Ctrl-A X ends the machine.", file=sys.stderr)
        self.saved = termios.tcgetattr(0)
        self.escape = False
        self.pending = b""
        tty.setraw(0)

    def descriptors(self):
        return [0]

    def about_to_end(self, _console):
        return False

    def read(self):
        """Takes in keys; False when the person ends the machine, or the terminal is gone."""
        data = os.read(0, 4096)
        for key in (data[i : i + 1] for i in range(len(data))):
            if self.escape:
                self.escape = False
                if key in b"xX":
                    return False
                self.pending += key
            elif key == ESCAPE_KEY:
                self.escape = True
            else:
                self.pending += key
        return data != b""

    def keys(self, _console):
        keys, self.pending = self.pending, b""
        return keys

    def close(self):
        termios.tcsetattr(0, termios.TCSADRAIN, self.saved)
