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
        self.text = self.all = ""
        self.wait_for("cocos>")
        self.monitor = socket.socket(socket.AF_UNIX)
        self.monitor.connect(str(path))

    def wait_for(self, text, before=""):
        """Reads on until `text` has come; what comes before it is to hold `before`."""
        end = time.monotonic() + 60
        while text not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                came = self.process.stdout.read1().decode(errors="replace")
                self.text += came
                self.all += came
        skipped, _, self.text = self.text.partition(text)
        assert before in skipped, skipped

    def send(self, line):
        """Types by the serial line."""
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def type(self, line):
        """The same; waits until it has been run."""
        self.send(line)
        self.wait_for(line)
        self.wait_for("cocos>")

    def ask(self, command):
        """Gives QEMU's monitor a command."""
        self.monitor.sendall(f"{command}\n".encode())

    def press(self, *keys, seconds=SECONDS_FOR_A_KEY):
        """Keys by QEMU's names, those of one stroke joined by -."""
        for key in keys:
            self.ask(f"sendkey {key} {int(seconds * 400)}")
            time.sleep(seconds)

    def picture(self, path):
        """The screen, when it stands still."""
        before = None
        for _ in range(20):
            path.unlink(missing_ok=True)
            self.ask(f"screendump {path}")
            end = time.monotonic() + 20
            while not path.is_file() or path.stat().st_size == 0:
                assert time.monotonic() < end
                time.sleep(0.05)
            time.sleep(0.3)
            picture = path.read_bytes()
            if picture == before:
                break
            before = picture
        return before

    def end(self):
        self.process.stdin.close()
        try:
            assert self.process.wait(60) == 0
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.monitor.close()
