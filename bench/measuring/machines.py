"""The machines that are measured: cocOS, the floor, and Linux, each by tools/run with the same
emulator and CPU model."""

import pathlib
import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import linux

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = "300"
COUNTED = ("--icount",)
TIMED = ("--cpu", "max,-erms")
# The machine that everything is measured on; the larger ones show what grows.
MEMORY, LARGER = "512M", ("1G", "1T")
FLOOR = ROOT / "build/bench/floor/floor.elf"
SYSTEM = ROOT / "build/cocos.iso"
# The measuring program is not started at once.
START = "start=console,clock,shell"
MEASURE_DISK = ("--module", ROOT / "build/bench/disk", "--append", START, "--command", "disk disk0")
AT_ONCE = 2
DISK_BYTES = 64 << 20


class Failed(Exception):
    """Why there are no numbers: one sentence, and what the machine said."""


def run(iso, *options):
    """{name: (min, median)}, in ticks of the guest's time-stamp counter. Options with -kernel start
    that instead of what the image holds."""
    command = [ROOT / "tools/run", "--accel", "tcg", "--iso", iso, "--timeout", SECONDS, *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^bench (\S+) (-?[0-9.]+) (-?[0-9.]+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not found:
        raise Failed(f"the measuring program failed:\n{done.stdout}{done.stderr}")
    # How fast the counter is, which of Linux's the same emulator says.
    found += [("clock.khz", rate, rate) for rate in re.findall(r"^clock: (\d+) kHz", done.stdout, re.MULTILINE)]
    return {name: (float(least), float(median)) for name, least, median in found}


def prompt(*options):
    """From the kernel's first instruction to the shell's first prompt, in ns, and the bytes that are in use
    then: what the usual boot image says of itself."""
    asked = ("--command", "uptime", "--command", "mem", "--memory", MEMORY)
    command = [ROOT / "tools/run", "--accel", "tcg", "--iso", SYSTEM, "--timeout", SECONDS, *asked, *options]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    time = re.search(r"the first prompt came after ([0-9.]+) s", done.stdout)
    memory = re.findall(r"^(?:total|free) +([0-9.]+) MiB", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not time or len(memory) != 2:
        raise Failed(f"the prompt did not come:\n{done.stdout}{done.stderr}")
    return float(time[1]) * 1e9, (float(memory[0]) - float(memory[1])) * 2**20


def check_unit(counted):
    """A loop of two instructions must count two, or ticks are not instructions."""
    for name, (least, _) in counted.items():
        if name.endswith("calibration") and name != "boot.calibration" and abs(least - 2) > 0.01:
            raise Failed(f"{name}: a loop of two instructions counts {least}: no instructions")


def make_iso(folder):
    """The boot image of cocOS with bench.c for its init."""
    init, iso = pathlib.Path(folder, "init"), pathlib.Path(folder, "bench.iso")
    shutil.copy(ROOT / "build/bench/bench", init)
    command = [ROOT / "tools/iso", iso, ROOT / "grub.cfg", ROOT / "build/kernel.elf", init]
    subprocess.run(command, check=True)
    return iso


def disk(folder, name):
    """The options of tools/run for a virtio disk that is measured. Nothing of it is sparse."""
    file = pathlib.Path(folder, name)
    file.write_bytes(b"\1" * DISK_BYTES)
    return "--disk", file


def least_of(*runs):
    """Of runs of the same program, for each name the least."""
    return {name: tuple(map(min, zip(*(one[name] for one in runs)))) for name in runs[0]}


def count(iso, jobs):
    """Instructions are the same whatever else this machine does: several machines at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = {name: pool.submit(run, iso, *job, *COUNTED) for name, job in jobs.items()}
        counted = {name: future.result() for name, future in running.items()}
    for results in counted.values():
        check_unit(results)
    return counted


def time(iso, jobs, turns):
    """Times want the machine for themselves, and in turn, so that the floor is measured under the
    same load as what is compared with it. What starts slowly, or for one row, has one turn."""
    rounds = []
    for number in range(turns):
        names = jobs if number == 0 else ("floor", MEMORY)
        rounds.append({name: run(iso, *jobs[name], *TIMED) for name in names})
    return {name: least_of(*(turn[name] for turn in rounds if name in turn)) for name in jobs}


def measure(folder, kernel, turns):
    """What was counted, {"512M": ..., "1G": ..., "1T": ..., "floor": ..., "linux": ...}, and what was
    timed, the same without the larger machines. Linux only where there is a `kernel` of it. Each is
    {name: (min, median)}, but "prompt" what prompt() says. turns: how often cocOS and the floor are timed."""
    jobs = {
        "floor": ("--qemu", shlex.join(["-kernel", str(FLOOR)])),
        MEMORY: ("--memory", MEMORY),
        "two": ("--memory", MEMORY, "--cpus", "2"),
        # A program of the whole system: the last --iso holds.
        "disk": ("--iso", SYSTEM, *MEASURE_DISK, *disk(folder, "disk")),
    }
    if kernel:
        jobs["linux"] = ("--qemu", linux.start_options(kernel, folder), *disk(folder, "disk-of-linux"))
    larger = {size: ("--memory", size) for size in LARGER}
    iso = make_iso(folder)
    counted, timed = count(iso, {**jobs, **larger}), time(iso, jobs, turns)
    for results in (counted, timed):
        # What two CPUs are needed for is taken from the machine that has them.
        results[MEMORY] = {**results.pop("two"), **results[MEMORY], **results.pop("disk")}
    counted["prompt"], timed["prompt"] = prompt(*COUNTED), prompt(*TIMED)
    return counted, timed
