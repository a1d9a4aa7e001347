"""What make and tools/setup promise a newcomer.

tools/setup meets machines that lack something: a PATH with scripts in the place of the package
tools.
"""
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def make(*arguments, timeout=300):
    """Without a display, so that no window opens."""
    environment = {**os.environ}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def test_make_run(built):  # pylint: disable=unused-argument
    done = make("run", "ARGS=--accel tcg --timeout 60")
    assert done.returncode == 0 and "cocos>" in done.stdout and "power off, status 0" in done.stdout


def test_make_run_with_a_module(built):  # pylint: disable=unused-argument
    done = make(
        "run", "MODULE=examples/hello/hello", "ARGS=--accel tcg --timeout 60 --command hello-client"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_help_names_every_target():
    text = make("help").stdout
    for target in ("run", "test", "lint", "debug", "debug-bochs", "setup", "clean", "help"):
        assert re.search(rf"^make {target} ", text, re.MULTILINE)


def test_image_is_reproducible(built, tmp_path):  # pylint: disable=unused-argument
    kernel, init = (
        shutil.copy(ROOT / "build" / file, tmp_path) for file in ("kernel.elf", "servers/init")
    )
    images = [tmp_path / "a.iso", tmp_path / "b.iso"]
    for image in images:
        subprocess.run([ROOT / "tools/iso", image, ROOT / "grub.cfg", kernel, init], check=True)
        time.sleep(1.1)
    assert images[0].read_bytes() == images[1].read_bytes()


def test_setup_is_silent_and_quick():
    started = time.monotonic()
    done = subprocess.run([ROOT / "tools/setup"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - started < 1


@pytest.fixture
def machine_without(tmp_path):
    """machine_without(tools, **scripts): a PATH with the usual tools, without some, and with
    scripts in their place."""

    def make_path(*missing, **scripts):
        directory = tmp_path / "bin"
        directory.mkdir()
        for tool in ("sh", "sed", "awk", "env", "id", "cat", "dpkg-query", "apt-get", *TOOLS):
            if tool not in missing:
                (directory / tool).symlink_to(shutil.which(tool))
        for name, text in scripts.items():
            script = directory / name.replace("_", "-")
            script.unlink(missing_ok=True)
            script.write_text(f"#!/bin/sh\n{text}\n")
            script.chmod(0o755)
        return {"PATH": str(directory), "LOG": str(tmp_path / "log")}

    return make_path


TOOLS = (
    "gcc",
    "make",
    "ld",
    "nasm",
    "grub-mkimage",
    "xorriso",
    "mformat",
    "qemu-system-x86_64",
    "gdb",
    "python3",
)
NASM_AND_GDB_MISSING = """for name; do case $name in -*|*Status*|nasm|gdb) continue;; esac
echo "installed $name"; done"""


def run_setup(environment):
    done = subprocess.run(
        [ROOT / "tools/setup"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    log = Path(environment["LOG"])
    return done, log.read_text() if log.exists() else ""


def test_setup_without_root_names_the_command(machine_without):
    done, _ = run_setup(machine_without(dpkg_query=NASM_AND_GDB_MISSING, id="echo 1000"))
    assert done.returncode == 1
    assert "apt-get update && apt-get install --no-install-recommends -y nasm gdb" in done.stderr
    assert re.search(r"^  nasm +the assembler$", done.stderr, re.MULTILINE)


def test_setup_as_root_installs_what_is_missing(machine_without):
    done, log = run_setup(
        machine_without(dpkg_query=NASM_AND_GDB_MISSING, id="echo 0", apt_get='echo "$*" >> "$LOG"')
    )
    assert done.returncode == 0
    assert log.splitlines()[-1] == "install --no-install-recommends -y nasm gdb"
    assert "update" not in log


def test_setup_updates_the_lists_only_where_needed(machine_without):
    """Here apt-get does not know the packages until its lists are fetched."""
    apt_get = """echo "$*" >> "$LOG"; case "$*" in update) ;; *) grep -q '^update$' "$LOG";; esac"""
    environment = machine_without(
        dpkg_query=NASM_AND_GDB_MISSING,
        id="echo 0",
        apt_get=apt_get,
        grep=f'exec {shutil.which("grep")} "$@"',
    )
    done, log = run_setup(environment)
    assert done.returncode == 0 and log.splitlines()[-2:] == [
        "update",
        "install --no-install-recommends -y nasm gdb",
    ]


def test_setup_by_sudo(machine_without):
    done, log = run_setup(
        machine_without(
            dpkg_query=NASM_AND_GDB_MISSING,
            id="echo 1000",
            apt_get="true",
            sudo='echo "sudo $*" >> "$LOG"',
        )
    )
    assert done.returncode == 0 and "install --no-install-recommends -y nasm gdb" in log


def test_setup_elsewhere_lists_what_is_needed(machine_without):
    done, _ = run_setup(machine_without("dpkg-query", "apt-get", "nasm"))
    assert done.returncode == 1
    assert "These tools are missing: nasm" in done.stderr and "qemu-system-x86" in done.stderr


def test_setup_elsewhere_with_all_tools(machine_without):
    done, _ = run_setup(machine_without("dpkg-query", "apt-get"))
    assert done.returncode == 0
