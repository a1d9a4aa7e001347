"""Every system call, with each error it lists: programs of tests/system/ in init's place, on the checking kernel, which
checks all its invariants after every call."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted(path.stem for path in (ROOT / "tests/system").glob("calls_*.c"))
KERNELS = {"checking": ROOT / "build/checking/kernel.elf", "plain": ROOT / "build/kernel.elf"}


@pytest.fixture
def run_as_init(run, tmp_path):
    """run_as_init(kernel, program): boots them with nothing else."""
    def start(kernel, program, *options, timeout=300):
        init = tmp_path / "init"
        shutil.copy(ROOT / "build/tests/system" / program, init)
        iso = tmp_path / "test.iso"
        subprocess.run([ROOT / "tools/iso", iso, ROOT / "grub.cfg", KERNELS[kernel], init], check=True)
        return run("--iso", iso, *options, timeout=timeout)
    return start


# The checking kernel looks at everything there is after every call, so there many of something cost their square: these
# have fewer there, but for the long run.
FEWER = {"calls_replies": "callers=120"}


# What hangs on the kernel's books alone, and not on what a processor does, runs under Bochs in the long run.
BOOKS = {f"calls_{name}" for name in (
    "counts", "fragments", "frames", "grant_runs", "grants", "heir", "inherit", "inspect", "objects", "range_answers",
    "range_ends", "ranges", "reclaim", "replies", "runs", "server_deaths", "slots")}
assert BOOKS < set(PROGRAMS)


def on_bochs():
    return [pytest.param(program, marks=[pytest.mark.long_run] if program in BOOKS else []) for program in PROGRAMS]


def run_calls(run_as_init, kernel, program, *options):
    result = run_as_init(kernel, program, *options)
    verdict = re.search(r"^(\d+) checks, (\d+) failed$", result.output, re.MULTILINE)
    assert verdict and int(verdict[1]) > 50 and int(verdict[2]) == 0, result.output
    assert result.status == 0


@pytest.mark.parametrize("program", on_bochs())
def test_calls_on_bochs(run_as_init, program):
    run_calls(run_as_init, "plain", program, "--emulator", "bochs")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kernel, options", [("checking", ["--memory", "128M"]), ("plain", ["--memory", "8G"])],
                         ids=["checking", "8GiB"])
def test_calls(run_as_init, program, kernel, options, is_long):
    if kernel == "checking" and program in FEWER and not is_long:
        options = [*options, "--append", FEWER[program]]
    run_calls(run_as_init, kernel, program, *options)


LONG_TIMEOUT = 4 * 3600


@pytest.mark.parametrize("kernel, options", [
    ("plain", ["--memory", "128M"]),
    pytest.param("plain", ["--emulator", "bochs"], marks=pytest.mark.long_run),
    pytest.param("checking", ["--memory", "32M"], marks=pytest.mark.long_run)], ids=["plain", "bochs", "checking"])
def test_every_port(run_as_init, kernel, options):
    """All ports, all widths, in and out, without a right: each is a fault of the thread that tries."""
    result = run_as_init(kernel, "calls_bounds", *options, "--append", "ports=65536", timeout=LONG_TIMEOUT)
    assert "ports: 65536 of 65536 tried" in result.output
    assert result.status == 0 and " 0 failed" in result.output, result.output


def repeated(run_as_init, kernel, program, words, is_long, *options):
    """Runs a program that takes its count from the kernel's command line, on a small machine: there the check of all
    invariants is quick, and memory runs out soon."""
    timeout = LONG_TIMEOUT if is_long else 600
    result = run_as_init(kernel, program, "--memory", "32M", "--append", words, *options, timeout=timeout)
    assert result.status == 0 and " 0 failed" in result.output, result.output
    return result


@pytest.mark.parametrize("kernel, count", [
    pytest.param("checking", 25000, id="checking", marks=pytest.mark.takes(30)),
    pytest.param("plain", 50000, id="plain")])
def test_hostile(run_as_init, kernel, count, is_long):
    """Random calls of a hostile domain, seeded: no panic, nothing lost, no invariant broken, a victim untouched."""
    result = repeated(run_as_init, kernel, "hostile", f"calls={1000000 if is_long else count}", is_long)
    rounds, whole = re.search(r"hostile: (\d+) rounds of \d+ calls, (\d+) to their end", result.output).groups()
    assert int(whole) * 2 > int(rounds), "most rounds should live to make all their calls"


@pytest.mark.parametrize("kernel, count, long_count", [("checking", 50, 2000), ("plain", 2000, 100000)])
def test_churn(run_as_init, kernel, count, long_count, is_long):
    """Domains made and destroyed, with all that a domain has, leave the ledger exact to the frame."""
    domains = long_count if is_long else count
    result = repeated(run_as_init, kernel, "churn", f"domains={domains}", is_long)
    assert f"churn: {domains} domains" in result.output


@pytest.mark.parametrize("kernel, emulator, count, long_count", [
    ("checking", "qemu", 300, 20000), ("plain", "qemu", 3000, 1000000), ("plain", "bochs", 500, 50000)])
def test_random_code(run_as_init, kernel, emulator, count, long_count, is_long):
    """Blobs of random bytes executed, with system calls among them: no panic, nothing lost, a victim untouched."""
    blobs = long_count if is_long else count
    result = repeated(run_as_init, kernel, "random_code", f"blobs={blobs}", is_long, "--emulator", emulator)
    run, faulted = re.search(r"random code: (\d+) blobs, (\d+) faulted", result.output).groups()
    assert int(run) >= blobs and int(faulted) * 2 > int(run)


@pytest.mark.parametrize("kernel, times", [("checking", 5), ("plain", 1000)])
def test_exhaustion(run_as_init, kernel, times, is_long):
    """Whatever a domain uses up, it is told so, and a victim beside it goes on working."""
    result = repeated(run_as_init, kernel, "exhaustion", f"times={times}", is_long)
    assert result.output.count("exhaustion: ") == 6


def test_every_call_is_tested():
    """No entry of the table without a program here that calls it."""
    table = (ROOT / "include/cocos/calls.h").read_text()
    calls = re.findall(r"^ +X\((\w+), *\d+,", table, re.MULTILINE)
    programs = "".join(path.read_text() for path in (ROOT / "tests/system").glob("*.[ch]"))
    missing = [call for call in calls if f"sys_{call}(" not in programs]
    assert len(calls) > 20 and not missing, f"no test calls {missing}"


def test_every_error_of_a_call_is_provoked():
    """Every error that the contracts in cocos/sys.h name for calls is expected somewhere."""
    contracts = (ROOT / "libc/include/cocos/sys.h").read_text()
    programs = "".join(path.read_text() for path in (ROOT / "tests/system").glob("calls_*.c"))
    named = set(re.findall(r"\bE_[A-Z_]+\b", contracts))
    provoked = set(re.findall(r"\bE_[A-Z_]+\b", programs))
    # E_AGAIN never leaves the stub of domain_destroy, which goes on until the domain is gone.
    assert named - provoked - {"E_AGAIN"} == set()
