"""The keyboard's layouts, from the keys of QEMU's keyboard to what a program prints."""
import re
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


def test_keys(built, tmp_path):  # pylint: disable=unused-argument
    """What keys type changes with the layout: letters, AltGr, a dead key, Caps Lock, and arrows as ever."""
    machine = Machine(tmp_path)
    try:
        machine.press(*"echo", "spc", *"zy", "ret")
        machine.wait_for("\nzy\n")
        machine.wait_for("cocos>")
        machine.type("keymap de")
        machine.press(*"echo", "spc", *"zy", "bracket_left", "alt_r-q", "equal", "e", "caps_lock", "apostrophe",
                      "caps_lock", "ret")
        machine.wait_for("\nyzü@éÄ\n")
        machine.wait_for("cocos>")
        machine.press("up", "ret")
        machine.wait_for("\nyzü@éÄ\n")
        machine.wait_for("cocos>")
        machine.type("keymap us")
    finally:
        machine.end()


def test_command(run):
    """The list, a layout that there is not, and a new instance, which has the first layout again."""
    result = run(commands=["keymap", "keymap se", "keymap ", "keymap xx", "keymap a b", "restart keyboard", "keymap  "])
    assert result.answer("keymap") == ["* us", "  se", "  de", "  fr"]
    assert result.answer("keymap ") == ["  us", "* se", "  de", "  fr"]
    assert result.answer("keymap xx") == ["keymap: no such name"]
    assert result.answer("keymap a b") == ["usage: keymap [NAME]"]
    assert result.answer("keymap  ") == ["* us", "  se", "  de", "  fr"]


def test_argument(run, tmp_path):
    """The manifest says which layout the keyboard starts with; of a wrong one the keyboard complains."""
    text = (ROOT / "servers/manifest").read_text()
    manifest = tmp_path / "manifest"
    for layout, used in (("fr", "* fr"), ("xx", "* us")):
        manifest.write_text(re.sub(r"^(keyboard .*)$", rf"\1 -- {layout}", text, flags=re.MULTILINE))
        result = run("--module", manifest, "--append", "start=console,keyboard,shell", commands=["keymap"])
        assert used in result.answer("keymap")
        assert ("keyboard: there is no layout xx; it is us" in result.output) == (layout == "xx")
