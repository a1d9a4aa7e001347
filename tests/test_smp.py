"""Machines with several CPUs: how many are found, how many come up, what is left out; and programs of tests/system/ in
init's place that use them all at once."""

import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KERNELS = {"checking": ROOT / "build/checking/kernel.elf", "plain": ROOT / "build/kernel.elf"}
LONG_TIMEOUT = 4 * 3600

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


# What each program of tests/system/ is told: how often, on the plain kernel under QEMU with two CPUs, and with four,
# which two of the machine below take turns for; on the checking kernel, which looks at the whole machine after every
# call; under Bochs; and in the long run.
PROGRAMS = {
    "smp_threads": ("moves", 60, 30, 8, 30, 20000),
    "smp_fpu": ("turns", 100, 50, 20, 25, 200000),
    "smp_messages": ("calls", 500, 250, 60, 100, 200000),
    "smp_frames": ("turns", 1000, 300, 60, 150, 1000000),
    "smp_revocation": ("rounds", 75, 40, 50, 50, 300000),
    "smp_deaths": ("rounds", 40, 20, 10, 5, 20000),
}


@pytest.fixture
def run_as_init(run, tmp_path):
    """run_as_init(kernel, program, options...): boots them with nothing else, and looks at the verdict."""

    def start(kernel, program, *options, timeout=300):
        init = tmp_path / "init"
        shutil.copy(ROOT / "build/tests/system" / program, init)
        iso = tmp_path / "test.iso"
        subprocess.run([ROOT / "tools/iso", iso, ROOT / "grub.cfg", KERNELS[kernel], init], check=True)
        result = run("--iso", iso, *options, timeout=timeout)
        verdict = re.search(r"^(\d+) checks, (\d+) failed\r?$", result.log, re.MULTILINE)
        assert verdict and int(verdict[1]) > 20 and int(verdict[2]) == 0, result.log
        assert result.status == 0
        return result

    return start


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "kernel, count, options",
    [
        ("plain", 2, ["--memory", "128M"]),
        ("plain", 4, ["--memory", "128M"]),
        ("checking", 2, ["--memory", "32M"]),
        ("plain", 2, ["--memory", "64M", "--emulator", "bochs"]),
    ],
    ids=["2", "4", "checking", "bochs"],
)
def test_together(run_as_init, program, kernel, count, options, is_long):
    """Threads, messages, frames and domains, used, moved, taken and ended by CPUs that do so at the same time."""
    word, two, four, checking, bochs, long = PROGRAMS[program]
    times = bochs if "bochs" in options else checking if kernel == "checking" else two if count == 2 else four
    if is_long and kernel == "plain" and "bochs" not in options:
        times = long
    run_as_init(kernel, program, "--cpus", count, *options, "--append", f"{word}={times}", timeout=LONG_TIMEOUT)


def short_answer():
    """Where the short way of reply_wait begins, of the two that there are that with the kernel's lock."""
    names = subprocess.run(["nm", KERNELS["plain"]], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    symbols = [(int(line.split()[0], 16), line.split()[2]) for line in names]
    start = dict((name, address) for address, name in symbols)["syscall_entry_locking"]
    return min(at for at, name in symbols if at > start and re.fullmatch(r"\.\.@\d+\.reply_wait", name))


@pytest.mark.parametrize("word", ["fault", "answer"])
def test_orders(run_as_init, tmp_path, word):
    """CPU 0 is stopped before it takes the lock, while CPU 1 changes what it is about."""
    stops = {
        "fault": ["hbreak *kernel_trap if ((struct registers *)$rdi)->vector == 14", "continue"],
        "answer": [f"hbreak *{short_answer():#x}", "ignore $bpnum 2", "continue", "set scheduler-locking on",
                   "while *(unsigned short *)$pc != 0x0ff0", "stepi", "end"],  # the prefix LOCK and what follows
    }
    steps = [f"symbol-file {KERNELS['plain']}", "hbreak kernel_main", "continue", "delete", *stops[word], "delete",
             "set scheduler-locking on", "thread 2", "hbreak *syscall_entry_locking", "ignore $bpnum 1", "continue",
             "delete", "thread 1", "stepi 60",
             "set scheduler-locking off", "continue"]
    script = tmp_path / "script"
    script.write_text("\n".join([*steps, ""]))
    run_as_init("plain", "smp_orders", "--cpus", 2, "--memory", "128M", "--debugger-script", script, "--append",
                f"{word}=1")


@pytest.mark.parametrize("count", [1, 2])
def test_nmis_of_a_device(run_as_init, count, is_long):
    """NMIs that a device sends to all CPUs in turn, as fast as it can, while they all are busy."""
    wanted = 1000000 if is_long else 20000
    options = ["--cpus", count, "--memory", "128M", "--qemu", "-device edu", "--append", f"nmis={wanted}"]
    result = run_as_init("plain", "smp_nmi", *options, timeout=LONG_TIMEOUT)
    came, calls = map(int, re.search(r"nmi: (\d+) came during (\d+) calls", result.output).groups())
    assert came >= wanted and calls > wanted / 1000


def inject(log, path, sent):
    """NMIs through QEMU's monitor, from when the program says so up to the machine's end."""
    while not log.is_file() or b"nmi: ready" not in log.read_bytes():
        time.sleep(0.1)
    with socket.socket(socket.AF_UNIX) as monitor, monitor.makefile("rb") as answers:
        monitor.connect(str(path))
        monitor.sendall(b'{"execute": "qmp_capabilities"}\n')
        try:
            while answers.readline():
                monitor.sendall(b'{"execute": "inject-nmi"}\n')
                sent.append(1)
        except OSError:
            pass  # it was turned off


def test_nmis_from_outside(run_as_init, tmp_path, is_long):
    """The same from the monitor, to all CPUs at once and at any moment."""
    path, sent = tmp_path / "monitor", []
    thread = threading.Thread(target=inject, args=(tmp_path / "serial-0.log", path, sent), daemon=True)
    thread.start()
    monitor = f"-qmp unix:{path},server=on,wait=off"
    words = f"nmis={100000 if is_long else 4000} seconds={600 if is_long else 20}"
    result = run_as_init("plain", "smp_nmi", "--cpus", 2, "--memory", "128M", "--qemu", monitor, "--append", words,
                         timeout=LONG_TIMEOUT)
    came = int(re.search(r"nmi: (\d+) came", result.output)[1])
    assert came > 1000, f"of {len(sent)} that were sent"
    thread.join(10)


@pytest.mark.parametrize("kernel, count, times", [("plain", 1, 300), ("plain", 2, 300), ("checking", 2, 30)])
def test_storms_of_interrupts(run_as_init, kernel, count, times, is_long):
    """A line that is never served, edges at a high rate and messages in a row: everybody else goes on, and no driver
    misses what its line does next."""
    words = f"interrupts={times * (1000 if is_long else 1)}"
    options = ["--cpus", count, "--memory", "32M", "--qemu", "-device edu -device edu", "--append", words]
    result = run_as_init(kernel, "interrupt_storms", *options, timeout=LONG_TIMEOUT)
    counts = re.search(r"storms: (\d+) levels, (\d+) edges, (\d+) messages", result.output).groups()
    assert all(int(count) > times for count in counts)


@pytest.mark.parametrize("kernel, options", [
    ("plain", ["--cpus", 1]), ("plain", ["--cpus", 2]), ("checking", ["--cpus", 1]), ("plain", ["--emulator", "bochs"]),
], ids=["1", "2", "checking", "bochs"])
def test_storm_of_a_serial_port(run_as_init, kernel, options, is_long):
    """A transmitter that says that it is empty as often as it is asked, beside threads of the same and of other
    priorities: everybody goes on."""
    words = f"milliseconds={60000 if is_long else 1000 if kernel == 'checking' else 300}"
    result = run_as_init(kernel, "serial_storm", "--memory", "32M", *options, "--append", words, timeout=LONG_TIMEOUT)
    told = [int(count) for count in re.findall(r"^serial storm: told (\d+)", result.output, re.MULTILINE)]
    assert len(told) == 6
    assert kernel == "checking" or min(told[1:4]) > 300, "a storm, and not some interrupts"
