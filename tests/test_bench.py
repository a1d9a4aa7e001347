"""The bench runs and says what it promises. What it measures is not judged here: no timed assertions."""
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_bench(built):  # pylint: disable=unused-argument
    done = subprocess.run([ROOT / "bench/run"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    results = {result["name"]: result for result in json.loads((ROOT / "build/bench.json").read_text())}
    assert abs(results["calibration"]["min"] - 2) < 0.01, "a tick is an instruction"
    for name in ("syscall.null", "ipc.call_reply", "ipc.signal_wait", "linux.getppid", "frame.claim_release.1",
                 "frame.claim_release.512", "frame.claim_release.2m", "frame.grant_revoke.1", "frame.grant_revoke.2m",
                 "page.map_unmap.1", "domain.create_destroy"):
        assert 0 < results[name]["min"] <= results[name]["median"] and results[name]["unit"] == "instructions"
        assert name in done.stdout
    # Counts of instructions repeat to the digit: more of them is a change of the kernel, not of the day.
    for name in ("frame.claim_release.1", "frame.claim_release.2m", "frame.grant_revoke.1", "frame.grant_revoke.2m",
                 "page.map_unmap.1", "domain.create_destroy"):
        assert results[name]["min_at_1t"] <= results[name]["min"] * 1.01 + 1, f"{name} grows with the size of RAM"
    assert results["boot.less_clearing.1t"]["min"] <= 2 * results["boot.less_clearing.1g"]["min"]
