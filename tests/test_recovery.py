"""Servers end again and again while they are in use, and nobody notices: nothing that was printed, typed or pasted is
lost or doubled, and no client sees an error."""
import re
from pathlib import Path

import pytest

from monitored import Machine

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = ROOT / "build/tests/system"
MODULES = ["--module", f"{SYSTEM / 'kills'}", "--module", f"{SYSTEM / 'recovery'}"]
FILL = 129  # of tests/system/recovery.c
PASTE = 65536


@pytest.fixture(name="kills")
def fixture_kills(is_long):
    """How often each server ends."""
    return 1000 if is_long else 50


def runs_of_lines(result):
    """The numbered lines that each run of `recovery print` has printed."""
    text = "\n".join(line for line in result.lines if line.startswith("line "))
    return [run.splitlines() for run in re.split(r"\n(?=line 1 )", text)]


def printed(count):
    return [f"line {i} {'.' * (i * 7 % FILL)}" for i in range(1, count + 1)]


def pasted():
    return "".join(chr(ord("!") + (i * 7 + i // 90) % 90) for i in range(PASTE))


@pytest.mark.takes(30)
@pytest.mark.parametrize("cpus", [1, 2])
def test_while_in_use(run, kills, cpus):
    """Console and serial line while a program prints, and while 64 KiB are pasted; the clock while one asks it."""
    half = kills // 2
    commands = [f"run kills {half} 30 console serial", "recovery print",
                f"run kills {half} 12 serial console", f"recovery paste {PASTE}", pasted(), "recovery print ",
                f"run kills {kills} 12 clock", "recovery time", "ps"]
    result = run(*MODULES, "--cpus", cpus, stdin="".join(f"{line}\n" for line in commands),
                 timeout=120 if kills < 100 else 1800)
    assert result.status == 0
    runs = runs_of_lines(result)
    assert len(runs) == 2
    for lines in runs:
        assert lines == printed(len(lines)) and f"recovery: {len(lines)} lines" in result.lines
    assert f"recovery: {PASTE} bytes of {PASTE}, 0 wrong" in result.lines
    assert "recovery: asked for the time" in result.lines
    assert re.findall(r"^kills: each (\d+) times", result.output, re.M)[-3:] == [str(half), str(half), str(kills)]
    restarts = {name: int(count) for count, name in re.findall(r"serves +(\d+) +([\w-]+)$", result.output, re.M)}
    assert restarts == {"console": kills, "serial": kills, "clock": kills}


@pytest.mark.takes(15)
def test_while_typing(built, tmp_path, kills):  # pylint: disable=unused-argument
    """The keyboard, while keys are pressed: each gives its character once, with Shift where that is held."""
    keys = "abcdefghijklmnopqrstuvwxyz" * (3 if kills < 100 else 39)
    machine = Machine(tmp_path, *MODULES, "--timeout", "120" if kills < 100 else "900")
    try:
        machine.type(f"run kills {kills} 200 keyboard")
        machine.send(f"recovery keys {len(keys)}")
        machine.wait_for("recovery: type")
        machine.press(*(f"shift-{key}" if i % 3 == 0 else key for i, key in enumerate(keys)), seconds=0.08)
        machine.wait_for("recovery: typed ")
        machine.wait_for("cocos>", before="".join(key.upper() if i % 3 == 0 else key for i, key in enumerate(keys)))
        while "kills: each" not in machine.all:
            machine.wait_for("kills: each")
        machine.type("recovery print")
        assert machine.all.count(f"kills: each {kills} times") == 1
    finally:
        machine.end()


def test_nonsense(run):
    """Clients that send anything whatsoever end no server, and each answers the next who asks properly."""
    names = ["console", "keyboard", "serial", "clock"]
    result = run("--module", SYSTEM / "nonsense", commands=["nonsense " + " ".join(names), "keymap", "date", "ps"])
    assert result.status == 0 and "ended by a fault" not in result.output
    for name in names:
        assert int(re.search(rf"^nonsense: {name}, (\d+) answers$", result.output, re.M)[1]) > 5000
        assert re.search(rf"^ *\d+  serves +{name}$", result.output, re.M), f"{name} has been started again"
    assert "* us" in result.answer("keymap") and result.answer("date")[0].endswith("UTC")
