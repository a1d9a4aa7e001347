"""What the guest prints: where its output begins, how often the shell's prompt came, and how the
machine ends.

The contract with the guest: its first line starts with `cocOS `, and what came before is the
firmware's. The prompt is an unfinished line `cocos> `. A power off is announced by `power off,
status N`, a reset by `reboot, status N`; a panic or a refusal to start begins with `panic: ` or
`cocOS cannot start: ` and ends with `machine halted`.
"""

import re

PROMPT = b"cocos> "
ESCAPE = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])"
ESCAPES = re.compile(ESCAPE)
UNFINISHED_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*)?$")
BEGINNING = re.compile(rb"(?:^|[\r\n])(?:" + ESCAPE + rb")*(?=cocOS )")
END = re.compile(rb"(power off|reboot), status ([0-9]+)")
PANIC, REFUSAL, HALTED = b"panic: ", b"cocOS cannot start: ", b"machine halted"


def plain(line):
    """The text of a line: without escape sequences, and what was written after the last return to
    its start."""
    return UNFINISHED_ESCAPE.sub(b"", ESCAPES.sub(b"", line)).rstrip(b"\r").rpartition(b"\r")[2]


class Console:
    """feed() takes what came from the serial line and gives what is to be shown."""

    def __init__(self, keep_returns):
        self.keep_returns = keep_returns
        self.noise = b""
        self.started = False
        self.line = b""
        self.prompts = 0
        self.prompt_counted = False
        self.status = None
        self.reboots = False
        self.trouble = None
        self.halted = False
        self.held = b""

    def feed(self, data):
        if not self.started:
            self.noise += data
            match = BEGINNING.search(self.noise)
            if not match:
                return b""
            self.started = True
            data = self.noise[match.end() :]
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            self.finish(plain(line))
        self.count_prompt(plain(self.line))
        return self.shown(data)

    def count_prompt(self, line):
        """Counts each line that has the prompt once: a server may have printed something behind
        it."""
        if line.startswith(PROMPT) and not self.prompt_counted:
            self.prompts += 1
            self.prompt_counted = True

    def finish(self, line):
        self.count_prompt(line)
        self.prompt_counted = False
        match = END.fullmatch(line)
        if match:
            self.reboots = match[1] == b"reboot"
            self.status = min(int(match[2]), 255)
        elif line.startswith((PANIC, REFUSAL)):
            self.trouble = self.trouble or line.decode(errors="replace")
        elif line == HALTED and self.trouble:
            self.halted = True

    def shown(self, data):
        """Lines end as they do here: the returns before them are for terminals."""
        if self.keep_returns:
            return data
        data = self.held + data
        self.held = b"\r" if data.endswith(b"\r") else b""
        return data[: len(data) - len(self.held)].replace(b"\r\n", b"\n")

    def rest(self):
        """What is still to be shown at the end: all of it, if the guest's own output never
        began."""
        if self.started:
            return self.held
        # Without what the firmware did to its screen, which here would only wipe the terminal.
        return ESCAPES.sub(b"", self.noise).replace(b"\r\n", b"\n")
