"""The bench runs and says what it promises, of cocOS, of the floor and of Linux. What it measures is
not judged here: no timed assertions."""
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = ("syscall.null", "ipc.signal_wait", "linux.getppid", "frame.claim_release.1",
              "frame.claim_release.512", "frame.claim_release.2m", "frame.grant_revoke.1",
              "frame.grant_revoke.2m", "page.map_unmap.1", "domain.create_destroy",
              "disk.read_random_4k", "disk.write_random_4k", "disk.read_1m", "disk.write_1m", "disk.recovery")
# They share one run of the bench, so they go to one process.
pytestmark = [pytest.mark.xdist_group("bench"), pytest.mark.takes(100)]
LINUX = ("getpid", "pipe_round_trip", "futex_round_trip", "unix_round_trip", "page_fault",
         "disk.read_random_4k", "disk.write_random_4k", "disk.read_1m", "disk.write_1m")


@pytest.fixture(scope="module")
def bench(built):  # pylint: disable=unused-argument
    """One run for all tests here: what it printed, its complaints, and bench.json by name."""
    command = [ROOT / "bench/run", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((ROOT / "build/bench.json").read_text())
    return done.stdout, done.stderr, {result["name"]: result for result in results}


def check_row(bench, name):
    output, _, results = bench
    result = results[name]
    assert 0 < result["min"] <= result["median"] and result["unit"] == "instructions", name
    assert result["time_to_floor"] > 0, name
    assert re.search(rf"^{re.escape(name)} ", output, re.MULTILINE), f"{name} is not in the table"


def test_operations(bench):
    results = bench[2]
    assert abs(results["calibration"]["min"] - 2) < 0.01, "a tick is an instruction"
    for name in OPERATIONS:
        check_row(bench, name)
    assert any(name.startswith("ipc.call_reply") for name in results)
    assert 0 < results["boot.to_init"]["min"] and results["boot.to_init"]["time_to_floor"] > 0


def test_nothing_grows_with_memory(bench):
    """Counts of instructions repeat to the digit: more of them is a change of the kernel, not of the
    day."""
    results = bench[2]
    for name in ("frame.claim_release.1", "frame.claim_release.2m", "frame.grant_revoke.1",
                 "frame.grant_revoke.2m", "page.map_unmap.1", "domain.create_destroy"):
        large, small = results[name]["min_at_1t"], results[name]["min"]
        assert large <= small * 1.01 + 1, f"{name} grows with the size of RAM"
    assert results["boot.less_clearing.1t"]["min"] <= 2 * results["boot.less_clearing.1g"]["min"]


def test_floor(bench):
    results = bench[2]
    check_row(bench, "floor.round_trip")
    check_row(bench, "floor.round_trip_one_space")
    assert results["floor.round_trip"]["time_to_floor"] == 1
    # Between two address spaces: for each of the two ways four instructions that change the root.
    difference = results["floor.round_trip"]["min"] - results["floor.round_trip_one_space"]["min"]
    assert difference == 2 * 4


def test_prompt(bench):
    """To the prompt: a fifth of what Linux needs to its init; and the memory in use there."""
    results = bench[2]
    assert results["boot.to_init"]["min"] < results["boot.to_prompt"]["min"]
    assert results["boot.to_prompt"]["seconds"] > 0
    assert 1 << 20 < results["memory.at_prompt"]["min"] < 8 << 20
    if "peer.linux.boot.to_init" in results:
        assert 5 * results["boot.to_prompt"]["min"] < results["peer.linux.boot.to_init"]["min"]


def test_linux(bench):
    _, complaints, results = bench
    if "Linux is left out" in complaints:
        pytest.skip(complaints.strip())
    assert abs(results["peer.linux.calibration"]["min"] - 2) < 0.01, "a tick is an instruction"
    for name in LINUX:
        check_row(bench, f"peer.linux.{name}")
    ours, theirs = (results[f"{whose}disk.read_random_4k"]["min"] for whose in ("", "peer.linux."))
    assert 2 * ours < theirs, "a direct read takes more than half of Linux's instructions"
