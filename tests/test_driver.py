"""The driver that others are copied from (examples/driver, doc/drivers.md): it does what its device can, and its end
is nobody else's."""
import math
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples/driver"
ENDS = ROOT / "build/tests/system/ends_driver"
LINE = re.search(r"^driver .*\n", (ROOT / "servers/manifest").read_text(), re.MULTILINE)[0]
PAGE = (ROOT / "doc/drivers.md").read_text()
FACTORIALS = [f"{n}! = {math.factorial(n)}" for n in range(13)]


@pytest.fixture(name="drive")
def fixture_drive(run):
    """drive(OPTIONS...): a machine with the driver and its client, neither of them started."""

    def start(*options, **more):
        return run("--module", EXAMPLE / "driver", "--module", EXAMPLE / "driver-client",
                   "--append", "start=console,keyboard,shell", *options, **more)

    return start


def test_requests(run):
    """Started as its page says: factorials are right, what the device copies comes back as it was, and interrupts say
    when it is done."""
    options = shlex.split(re.search(r"^    tools/run (.*)$", PAGE, re.MULTILINE)[1])
    shown = re.search(r"^    cocos> ((.*) 3)\n((?:    .*\n)*)", PAGE, re.MULTILINE)
    client = shown[2]
    result = run(*options, commands=[shown[1], f"{client} 13", "echo $?", "irq", "pci"])
    assert result.answer(shown[1]) == [line.strip() for line in shown[3].splitlines()] == FACTORIALS[:4]
    refused = "driver-client: 13!: an argument is out of its documented range"
    assert result.answer(f"{client} 13") == [*FACTORIALS, refused] and result.answer("echo $?") == ["1"]
    # Up to 3, and up to 12: so many factorials, and for each two moves. The interrupt of a factorial may come after it
    # was seen to be done, and with the next.
    count = re.search(r"message +edge +(\d+) +driver$", "\n".join(result.answer("irq")), re.MULTILINE)
    assert count and 2 * (4 + 13) <= int(count[1]) <= 3 * (4 + 13), result.answer("irq")
    assert re.search(r"1234:11e8  00ff00  other  program \d+$", "\n".join(result.answer("pci")), re.MULTILINE)
    assert result.status == 0


def test_killed_in_use(drive):
    """Killed twenty times, also in the midst of moves: its client gets all it asked for, and the device hits no memory
    that is another's by then. (A device that reaches 1 MiB only is told no address above.)"""
    commands = ["driver-client 1", "driver-client 12 &", "ends_driver 20", "driver-client 12", "driver-client 0", "ps"]
    result = drive("--qemu", "-device edu,dma_mask=0xfffff", "--module", ENDS, commands=[*commands, "check"])
    assert "ends_driver: ended 20 times, 0 frames were hit" in result.lines
    said = Counter(line for line in result.lines if "! = " in line)
    assert said == Counter(FACTORIALS[:2] + 2 * FACTORIALS + FACTORIALS[:1])
    assert "driver-client:" not in result.output and "fault" not in result.output
    assert re.search(r"serves +20 +driver$", "\n".join(result.answer("ps")), re.MULTILINE)
    assert result.answer("check") == ["all invariants hold"] and result.status == 0


def test_no_device(drive):
    """One sentence from the driver, one from its client; nothing is tried again."""
    result = drive(commands=["driver-client", "echo $?", "driver-client 1", "ps"])
    assert result.answer("driver-client") == ["driver: this machine has no edu device that I may claim",
                                              "driver-client: no program serves as driver"]
    assert result.answer("echo $?") == ["1"]
    assert result.answer("driver-client 1") == ["driver-client: no program serves as driver"]
    assert re.search(r"ended +0 +driver$", "\n".join(result.answer("ps")), re.MULTILINE)


def test_another_device(drive, tmp_path):
    """What the manifest lets it claim and is no edu, it leaves alone, and says so."""
    text = (ROOT / "servers/manifest").read_text()
    (tmp_path / "manifest").write_text(text.replace(LINE, "driver pci=1b36:0005 calls=pci,console\n"))
    result = drive("--module", tmp_path / "manifest", "--qemu", "-device pci-testdev", commands=["driver"])
    assert result.answer("driver") == ["driver: its registers: the device does not do what it was told"]


def test_builds_without_a_warning(built, tmp_path):  # pylint: disable=unused-argument
    """It is copied with its compiler's warnings as errors."""
    for name in ("driver", "driver-client"):
        subprocess.run([ROOT / "libc/cocos-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-o",
                        tmp_path / name, EXAMPLE / f"{name}.c"], check=True)
