"""The keyboard's layouts, from the keys of QEMU's keyboard to what a program prints; the mouse; the consoles that keys
switch."""
import re
from pathlib import Path

from monitored import Machine

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
