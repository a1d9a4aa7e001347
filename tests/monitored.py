"""A machine that stays open: keys, the mouse and its serial line, as a test goes on."""
import select
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS_FOR_A_KEY = 0.25


class Machine:
    """tools/run with QEMU's monitor, by which keys are pressed."""

    def __init__(self, directory, *options):
        path = directory / "monitor"
        self.process = subprocess.Popen(
            [ROOT / "tools/run", "--accel", "tcg", "--timeout", "120", *options,
             f"--qemu=-monitor unix:{path},server=on,wait=off"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.text = ""
        self.wait_for("cocos>")
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(str(path))

    def wait_for(self, text):
        end = time.monotonic() + 60
        while text not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                self.text += self.process.stdout.read1().decode(errors="replace")
        self.text = self.text.partition(text)[2]

    def type(self, line):
        """By the serial line; waits until it has been run."""
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        self.wait_for(line)
        self.wait_for("cocos>")

    def press(self, *keys):
        """Keys by QEMU's names, those of one stroke joined by -."""
        for key in keys:
            self.monitor.sendall(f"sendkey {key}\n".encode())
            time.sleep(SECONDS_FOR_A_KEY)

    def end(self):
        self.process.stdin.close()
        try:
            assert self.process.wait(60) == 0
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.monitor.close()
