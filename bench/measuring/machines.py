"""The machines that are measured: cocOS, the floor, and Linux, each by tools/run with the same
emulator and CPU model."""

import pathlib
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import linux

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = "300"
COUNTED = ("--icount",)
TIMED = ("--cpu", "max,-erms")
TWO_CPUS = ("--cpus", "2")
# The machine that everything is measured on; the larger ones show what grows.
MEMORY, LARGER = "512M", ("1G", "1T")
AT_ONCE = 2


class Failed(Exception):
    """Why there are no numbers: one sentence, and what the machine said."""


def run(iso, *options):
    """{name: (min, median)}, in ticks of the guest's time-stamp counter."""
    command = [ROOT / "tools/run", "--accel", "tcg", "--iso", iso, "--timeout", SECONDS, *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^bench (\S+) ([0-9.]+) ([0-9.]+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise Failed(f"the measuring program failed:\n{done.stdout}{done.stderr}")
    return {name: (float(least), float(median)) for name, least, median in found}


def check_unit(counted):
    """A loop of two instructions must count two, or ticks are not instructions."""
    for name, (least, _) in counted.items():
        if name.endswith("calibration") and name != "boot.calibration" and abs(least - 2) > 0.01:
            raise Failed(f"{name}: a loop of two instructions counts {least}: no instructions")


def make_isos(folder):
    """The boot images of cocOS with bench.c for its init, and of the floor."""
    init, cocos, floor = (pathlib.Path(folder, name) for name in ("init", "cocos.iso", "floor.iso"))
    shutil.copy(ROOT / "build/bench/bench", init)
    for iso, *programs in (
        (cocos, ROOT / "build/kernel.elf", init),
        (floor, ROOT / "build/bench/floor/floor.elf"),
    ):
        subprocess.run([ROOT / "tools/iso", iso, ROOT / "grub.cfg", *programs], check=True)
    return cocos, floor


def added(one, two):
    """What two CPUs are needed for is taken from the machine that has them."""
    return {**two, **one}


def least_of(one, other):
    """Of two runs of the same program, for each name the quieter."""
    return {name: min(one[name], other[name]) for name in one}


def measure(folder, kernel):
    """What was counted, {"512M": ..., "1G": ..., "1T": ..., "floor": ..., "linux": ...}, and what was
    timed, the same without the larger machines. Linux only where there is a `kernel` of it. Each is
    {name: (min, median)}."""
    cocos, floor = make_isos(folder)
    jobs = {
        MEMORY: (cocos, "--memory", MEMORY),
        "two": (cocos, "--memory", MEMORY, *TWO_CPUS),
        "floor": (floor, "--memory", MEMORY),
        **{size: (cocos, "--memory", size) for size in LARGER},
    }
    if kernel:
        jobs["linux"] = (floor, "--memory", MEMORY, "--qemu", linux.start_options(kernel, folder))

    # Instructions are the same whatever else this machine does; times want it for themselves.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {name: pool.submit(run, *job, *COUNTED) for name, job in sorted(jobs.items())}
        counted = {name: future.result() for name, future in running.items()}
    floors = run(*jobs["floor"], *TIMED)
    timed = {name: run(*jobs[name], *TIMED) for name in jobs if name not in (*LARGER, "floor")}
    timed["floor"] = least_of(floors, run(*jobs["floor"], *TIMED))

    for results in (counted, timed):
        results[MEMORY] = added(results[MEMORY], results.pop("two"))
    for results in counted.values():
        check_unit(results)
    return counted, timed
