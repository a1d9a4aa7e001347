"""The clock and the timer, with each kind of local APIC and of timer there is: tests/system/clock.c in init's place."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("words, options, kind", [
    ([], [], "xAPIC, timer by counting"),
    (["icount"], ["--icount"], "xAPIC, timer by counting"),
    ([], ["--emulator", "bochs"], "x2APIC, timer by deadline"),
    ([], ["--emulator", "bochs", "--cpu", "core2_penryn_t9600"], "xAPIC, timer by counting"),
    (["noapic"], ["--qemu=-machine acpi=off"], "no timer"),
], ids=["qemu", "icount", "bochs", "bochs-xapic", "no-acpi"])
def test_clock(run, tmp_path, words, options, kind):
    init, iso = tmp_path / "init", tmp_path / "test.iso"
    shutil.copy(ROOT / "build/tests/system/clock", init)
    subprocess.run([ROOT / "tools/iso", iso, ROOT / "grub.cfg", ROOT / "build/kernel.elf", init], check=True)
    appended = [option for word in words for option in ("--append", word)]
    reference = "the PIT" if "noapic" in words else "the ACPI timer"
    result = run("--iso", iso, *appended, *options, timeout=300)
    assert re.search(rf"^clock: \d+ kHz by {reference}; {kind}$", result.output, re.MULTILINE), result.output
    verdict = re.search(r"^(\d+) checks, (\d+) failed$", result.output, re.MULTILINE)
    assert verdict and int(verdict[1]) > 10 and int(verdict[2]) == 0, result.output
    assert result.status == 0
