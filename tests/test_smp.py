"""Machines with several CPUs: how many are found, how many come up, what is left out."""

import re

import pytest

COMMANDS = ["run hello", "hello-client you"]
GREETING = "hello, you! (greeting 1)"


def cpus(lines):
    """What the kernel says of them: found, in use; and its other lines about them."""
    lines = [line for line in lines if line.startswith("cpu: ")]
    found, used = re.match(r"cpu: (\d+) found, (\d+) in use; ", lines[-1]).groups()
    return int(found), int(used), lines[:-1]


@pytest.mark.parametrize("machine", ["pc", "q35"])
@pytest.mark.parametrize("count", [1, 2, 4, 16])
def test_all_are_used(run, machine, count):
    """As many as there are, without a word on any that did not come; and the system runs."""
    result = run("--machine", machine, "--cpus", count, commands=COMMANDS)
    assert result.status == 0
    assert cpus(result.lines) == (count, count, [])
    assert GREETING in result.lines


def test_checking_kernel(run):
    """With every invariant checked: the other CPUs' stacks and guards are the kernel's."""
    result = run("--iso", "build/checking/cocos.iso", "--cpus", 4, commands=[*COMMANDS, "check"])
    assert result.status == 0
    assert cpus(result.lines) == (4, 4, [])


def test_bochs(run):
    result = run("--emulator", "bochs", "--cpus", 2, commands=COMMANDS)
    assert result.status == 0
    assert cpus(result.lines) == (2, 2, [])
    assert GREETING in result.lines


@pytest.mark.parametrize("options", [("--cpu", "qemu64"), ("--firmware", "uefi"), ("--memory", "16M")])
def test_other_machines(run, options):
    """Old processors without XSAVE, another firmware, little memory."""
    result = run("--cpus", 3, *options, commands=COMMANDS)
    assert result.status == 0
    assert cpus(result.lines) == (3, 3, [])


def test_more_than_fit(run):
    """Those that there are no stacks for are left out, and it says so."""
    result = run("--cpus", 64, commands=COMMANDS)
    assert result.status == 0
    found, used, lines = cpus(result.lines)
    assert found == 64 and 16 <= used <= 32
    assert lines == [f"cpu: no room for {64 - used} of them"]
    assert GREETING in result.lines


def test_one_that_does_not_start(run, tmp_path):
    """CPU 1 is listed under a number that no local APIC has: the next one takes its place."""
    script = tmp_path / "script"
    steps = ["hbreak arch_cpus_start", "continue", "delete", "set var apic_ids[0] = 77", "continue"]
    script.write_text("\n".join([*steps, ""]))
    result = run("--cpus", 3, "--debugger-script", script, commands=["true"])
    assert result.status == 0
    missing = "cpu: the one with local APIC 77 does not start"
    assert cpus(result.log.splitlines()) == (3, 2, [missing])
