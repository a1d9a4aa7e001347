"""The time of day: the clock server, the shell's date, and ordinary C programs."""
import calendar
import re
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WALL_TIME = ROOT / "build/tests/system/wall_time"
BASE = "2028-02-28T23:59:50"


def shown(result, command):
    """The answer to a date command, as seconds since 1970."""
    answer = result.answer(command)
    assert len(answer) == 1 and answer[0].endswith(" UTC"), answer
    return calendar.timegm(time.strptime(answer[0], "%Y-%m-%d %H:%M:%S UTC"))


BASE_SECONDS = calendar.timegm(time.strptime(BASE, "%Y-%m-%dT%H:%M:%S"))


@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_date(run, machine):
    """It is what the machine's clock says; it can be set, and is then the machine's; a new instance knows it, too."""
    result = run("--machine", machine, f"--qemu=-rtc base={BASE}",
                 commands=["date", "kill 5", "'date'", "date 2031-12-09 00:00:05", "date ", "restart clock", "date  "])
    first = shown(result, "date")
    assert 0 <= first - BASE_SECONDS < 60
    assert "init: clock is started again" in result.output
    assert 0 <= shown(result, "'date'") - first < 60
    wanted = calendar.timegm((2031, 12, 9, 0, 0, 5))
    assert 0 <= shown(result, "date ") - wanted < 30
    assert -1 <= shown(result, "date  ") - wanted < 60
    assert result.status == 0


def test_refusals(run):
    """What is no time, and what 64 bits of nanoseconds do not hold."""
    result = run(commands=["date 2026-02-30 12:00:00", "date 2026-02-03", "date tomorrow noon",
                           "date 1969-12-31 23:59:59", "date 2600-01-01 00:00:00", "date"])
    for command in ("date 2026-02-30 12:00:00", "date 2026-02-03", "date tomorrow noon", "date 1969-12-31 23:59:59",
                    "date 2600-01-01 00:00:00"):
        assert result.answer(command) == ["usage: date [DATE TIME]"]
    assert abs(shown(result, "date") - time.time()) < 120


def test_bochs(run):
    result = run("--emulator", "bochs", commands=["date"])
    assert abs(shown(result, "date") - time.time()) < 180


@pytest.mark.parametrize("options", [[], ["--icount"], ["--cpus", "2"]], ids=["qemu", "icount", "cpus"])
def test_programs(run, options):
    """time, clock_gettime, nanosleep and their like, in a program that knows nothing of cocOS."""
    result = run("--module", WALL_TIME, "--qemu=-rtc base=2028-02-29T12:30:00", "--append", "start=console,clock,shell",
                 *options, commands=["wall_time"])
    answer = result.answer("wall_time")
    assert re.fullmatch(r"it is Tue 2028-02-29 12:3\d", answer[0]) and answer[1:] == ["all is well"], answer


def test_without_server(run):
    """Where nothing serves, it is 1970 at the start; the shell says that there is no clock."""
    result = run("--module", WALL_TIME, "--append", "start=console,shell",
                 commands=["date", "wall_time", "run clock", "date "])
    assert result.answer("date") == ["date: no such name"]
    assert result.answer("wall_time") == ["it is Thu 1970-01-01 00:00", "all is well"]
    assert abs(shown(result, "date ") - time.time()) < 120


def test_ended_under_a_caller(run):
    """A clock that ends while it is being asked all the time is asked again."""
    result = run("--module", WALL_TIME, "--module", ROOT / "build/tests/system/ends_clock",
                 "--append", "start=console,clock,shell", commands=["run ends_clock", "wall_time wait"])
    assert result.answer("run ends_clock") == ["ends_clock: serving"]
    assert result.output.count("init: clock is started again") == 5
    assert result.answer("wall_time wait")[-1] == "all is well", result.output
