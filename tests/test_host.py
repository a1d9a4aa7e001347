"""The kernel's own files on this machine: every cmocka test of tests/host/, under ASan and UBSan.

Each C test is one test here; a file's program runs once, and its whole output is shown where a test of it fails.
"""
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "tests/host").glob("test_*.c"))


def named_tests(source):
    """The tests that a C file registers in its main function."""
    return re.findall(r"cmocka_unit_test\w*\((\w+)[,)]", source.read_text())


def one_run(source, *more):
    """A case whose program's run serves for all cases of the program: they stay in one process."""
    words = "-".join([source.stem, *more])
    return pytest.param(source.stem, *more, id=words, marks=pytest.mark.xdist_group(source.stem))


CASES = [one_run(source, name) for source in SOURCES for name in named_tests(source)]


@functools.cache
def outcome(program):
    """Builds and runs one test program; returns its exit status and everything it printed."""
    make = subprocess.run(["make", f"build/host/{program}"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if make.returncode:
        return make.returncode, make.stdout
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "STDOUT"}
    seconds = int(os.environ.get("COCOS_TEST_SECONDS", "300"))
    run = subprocess.run([ROOT / "build/host" / program], cwd=ROOT, env=environment, text=True, timeout=seconds,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return run.returncode, run.stdout


@pytest.mark.parametrize("program, name", CASES)
def test_host(program, name):
    status, output = outcome(program)
    if f"[  SKIPPED ] {name}\n" in output:
        pytest.skip("not built")
    assert f"[       OK ] {name}\n" in output, f"{program} ended with status {status}:\n{output}"


@pytest.mark.parametrize("program", [one_run(source) for source in SOURCES])
def test_program_ends_well(program):
    """No sanitizer's complaint at its end, and no test that ran without being counted here."""
    status, output = outcome(program)
    assert status == 0, output
    assert f"Running {len(named_tests(ROOT / 'tests/host' / (program + '.c')))} test(s)" in output, output
