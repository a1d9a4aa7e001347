"""The keyboard's layouts, from the keys of QEMU's keyboard to what a program prints; the mouse; the consoles that keys
switch."""
import re
import time
from pathlib import Path

from monitored import SECONDS_FOR_A_KEY, Machine

ROOT = Path(__file__).resolve().parent.parent


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
    """The list, a layout that there is not, and a new instance, which goes on with the one in use."""
    result = run(commands=["keymap", "keymap se", "keymap ", "keymap xx", "keymap a b", "restart keyboard", "keymap  "])
    assert result.answer("keymap") == ["* us", "  se", "  de", "  fr"]
    assert result.answer("keymap ") == ["  us", "* se", "  de", "  fr"]
    assert result.answer("keymap xx") == ["keymap: no such name"]
    assert result.answer("keymap a b") == ["usage: keymap [NAME]"]
    assert result.answer("keymap  ") == ["  us", "* se", "  de", "  fr"]


def test_argument(run, tmp_path):
    """The manifest says which layout the keyboard starts with; of a wrong one the keyboard complains."""
    text = (ROOT / "servers/manifest").read_text()
    manifest = tmp_path / "manifest"
    for layout, used in (("fr", "* fr"), ("xx", "* us")):
        manifest.write_text(re.sub(r"^(keyboard .*)$", rf"\1 -- {layout}", text, flags=re.MULTILINE))
        result = run("--module", manifest, "--append", "start=console,keyboard,shell", commands=["keymap"])
        assert used in result.answer("keymap")
        assert ("keyboard: there is no layout xx; it is us" in result.output) == (layout == "xx")


def test_consoles(built, tmp_path):  # pylint: disable=unused-argument
    """Alt-F2 shows another console, with a shell of its own; Alt-F1 the first again as it was, Shift-PageUp what has
    scrolled away; and all of them outlive the server."""
    machine = Machine(tmp_path, "--firmware", "uefi")  # a text screen's cursor blinks
    path = tmp_path / "screen.ppm"
    try:
        machine.type("vm")
        machine.type("echo first")
        first = machine.picture(path)
        machine.press("alt-f2")
        machine.press(*"echo", "spc", *"second", "ret")
        second = machine.picture(path)
        assert first != second
        machine.press("alt-f1", "shift-pgup")
        above = machine.picture(path)
        assert above not in (first, second)
        machine.press("shift-pgdn")
        assert machine.picture(path) == first
        machine.press("shift-pgup", *"echo", "spc", *"third", "ret")
        machine.wait_for("\nthird\n")
        machine.press("alt-f2")
        assert machine.picture(path) == second
        machine.type("restart console")
        assert machine.picture(path) == second
        machine.press(*"kill", "spc", "9", "9", "ret", "alt-f1")
        machine.type("ps")
        assert "second" not in machine.text
        machine.send("clear")
        machine.send("echo done")
    finally:
        machine.end()


def test_mouse(built, tmp_path):  # pylint: disable=unused-argument
    """Movements, wheel and buttons, also of a keyboard server that was started again; garbage from the keyboard's own
    wire in between does no harm."""
    machine = Machine(tmp_path, "--module", str(ROOT / "build/tests/system/pointer"))
    try:
        for restart in (False, True):
            if restart:
                machine.type("restart keyboard")
            machine.send("pointer go")
            machine.wait_for("pointer: move")
            for command in ("mouse_move 10 -5", "mouse_move 3 3 1", "mouse_button 1", "mouse_move -20 0",
                            "mouse_button 5", "mouse_button 0"):
                machine.ask(command)
                time.sleep(SECONDS_FOR_A_KEY)
            machine.wait_for("pointer: -7 right, -2 down, wheel -1, buttons 5")
            machine.wait_for("cocos>")
    finally:
        machine.end()
