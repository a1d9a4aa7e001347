"""Machines and boot loaders that cocOS cannot run on: each stops with one clear sentence, and tools/run exits 125.

Damaged Multiboot2 information comes from the mangler (tests/mangle/): GRUB starts it, and it starts the real kernel
with what it was told to damage. ISOs are derived from one that holds the kernel alone, which takes a tenth of a second.
"""
import re
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RUN = [ROOT / "tools/run", "--timeout", "60"]
COLUMNS, LINES = 80, 25

DAMAGES = {
    "bad-magic": "not started by a Multiboot2 boot loader",
    "size-0": "the boot loader's information is damaged: it has an impossible size",
    "size-huge": "the boot loader's information is damaged: it has an impossible size",
    "no-end": "the boot loader's information is damaged: it has no end tag",
    "tag-size-0": "the boot loader's information is damaged: a tag has an impossible size",
    "tag-overrun": "the boot loader's information is damaged: a tag has an impossible size",
    "no-mmap": "the boot loader gave no memory map",
    "mmap-empty": "the boot loader's memory map is empty",
    "mmap-entry-size-0": "the boot loader's memory map has entries of an impossible size",
    "mmap-entry-size-7": "the boot loader's memory map has entries of an impossible size",
    "mmap-wraps": "a range of the boot loader's memory map runs past the last address",
    "mmap-beyond": "init: not an ELF file",  # that memory is left alone
    "mmap-reserved": "a module lies outside free memory",
    "mmap-reserved no-modules": "less than 16 MiB of RAM",
    "module-backwards": "a module ends before it starts",
    "module-outside": "a module lies outside free memory",
    "no-modules": "no module named init",
}


def quietly(*command):
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def kernel_iso(tmp_path_factory):
    """An ISO with the kernel and no modules; the mangler is built, too."""
    iso = tmp_path_factory.mktemp("iso") / "kernel.iso"
    quietly("make", "build/kernel.elf", "build/tests/mangle.elf")
    quietly("tools/iso", iso, "grub.cfg", "build/kernel.elf")
    return iso


@pytest.fixture
def make_iso(kernel_iso, tmp_path):
    """make_iso(line, ...): an ISO whose grub.cfg has these lines, and these files beside the kernel."""
    def make(*lines, **files):
        iso, config = tmp_path / "bad.iso", tmp_path / "grub.cfg"
        config.write_text("\n".join([*lines, "set gfxpayload=text", "boot", ""]))
        maps = ["-map", config, "/boot/grub/grub.cfg"]
        for name, file in files.items():
            if isinstance(file, bytes):
                (tmp_path / name).write_bytes(file)
                file = tmp_path / name
            maps += ["-map", file, f"/boot/{name}"]
        quietly("xorriso", "-indev", kernel_iso, "-outdev", iso, "-boot_image", "any", "replay", *maps)
        return iso
    return make


@pytest.fixture
def mangled(make_iso):
    """mangled(word): an ISO that starts the kernel by way of the mangler."""
    def make(word):
        return make_iso(f"multiboot2 /boot/mangler start=console,shell {word}", "module2 /boot/kernel.elf kernel",
                        "module2 /boot/init init", mangler=ROOT / "build/tests/mangle.elf", init=b"no program")
    return make


def assert_refused(sentence, *options):
    """The machine stops with `sentence` and nothing after it, and the launcher says so by its status."""
    run = subprocess.run([*RUN, *options], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=120, check=False)
    lines = run.stdout.decode(errors="replace").replace("\r", "").rstrip("\n").split("\n")
    said = run.stdout.decode(errors="replace") + run.stderr.decode(errors="replace")
    assert run.returncode == 125, f"status {run.returncode}:\n{said}"
    assert len(lines) >= 2 and lines[-1] == "machine halted", said
    assert lines[-2].startswith(f"cocOS cannot start: {sentence}") and lines[-2].endswith("."), said
    assert said.count("cocOS cannot start: ") >= 1 and "panic: " not in said, said


def assert_init_refused(make_iso, init, sentence):
    iso = make_iso("multiboot2 /boot/kernel.elf start=console,shell", "module2 /boot/init init", init=init)
    assert_refused(f"init: {sentence}", "--iso", iso)


@pytest.mark.parametrize("word", DAMAGES)
def test_damaged_information(mangled, word):
    assert_refused(DAMAGES[word], "--iso", mangled(word))


def test_mangler_itself_does_no_harm(mangled):
    """Without damage the kernel gets as far as the init it is given, which is no program."""
    assert_refused("init: not an ELF file", "--iso", mangled("undamaged"))


def test_every_damage_of_the_mangler_is_tested():
    source = (ROOT / "tests/mangle/mangle.c").read_text()
    assert set(re.findall(r'^    \{"([a-z0-9-]+)", ', source, re.MULTILINE)) == set(" ".join(DAMAGES).split())


def test_no_long_mode(kernel_iso):
    assert_refused("this processor has no long mode (64-bit mode)", "--iso", kernel_iso, "--cpu", "qemu32")


def test_no_nx(kernel_iso):
    assert_refused("this processor has no NX (no-execute pages)", "--iso", kernel_iso, "--cpu", "max,-nx")


@pytest.mark.parametrize("memory", ["8M", "12M"])
def test_too_little_memory(kernel_iso, memory):
    assert_refused("less than 16 MiB of RAM", "--iso", kernel_iso, "--memory", memory)


def test_no_init(kernel_iso):
    assert_refused("no module named init", "--iso", kernel_iso)


def test_other_modules_but_no_init(make_iso):
    iso = make_iso("multiboot2 /boot/kernel.elf", "module2 /boot/other other", "module2 /boot/other initial",
                   other=b"other")
    assert_refused("no module named init", "--iso", iso)


def test_init_is_no_program(make_iso):
    assert_init_refused(make_iso, b"#!/bin/sh\necho not an ELF file\n", "not an ELF file")


def test_init_is_empty(make_iso):
    assert_init_refused(make_iso, b"", "the file ends inside its headers or a segment")


def test_init_is_cut_off(make_iso):
    kernel = (ROOT / "build/kernel.elf").read_bytes()
    assert_init_refused(make_iso, kernel[:64], "the file ends inside its headers or a segment")


def test_init_is_for_the_lower_half(make_iso):
    """The kernel itself: a good ELF file, but of another place."""
    assert_init_refused(make_iso, (ROOT / "build/kernel.elf").read_bytes(), "a segment lies outside the upper half")


def test_too_many_modules(make_iso):
    iso = make_iso("multiboot2 /boot/kernel.elf", *["module2 /boot/init init"] * 39, init=b"no program")
    assert_refused("the boot loader brought more than 38 modules", "--iso", iso)


def test_module_text_too_long(make_iso):
    iso = make_iso("multiboot2 /boot/kernel.elf", f"module2 /boot/init init {'x' * 80}", init=b"no program")
    assert_refused("a module's name and arguments are longer than 39 characters", "--iso", iso)


def test_command_line_too_long(make_iso):
    iso = make_iso(f"multiboot2 /boot/kernel.elf {'x' * 256}", "module2 /boot/init init", init=b"no program")
    assert_refused("the kernel's command line is longer than 255 characters", "--iso", iso)


def screen_text(iso, tmp_path, *options):
    """Starts QEMU itself, waits until the guest has halted, and returns the lines of its text screen."""
    serial, memory = tmp_path / "serial", tmp_path / "screen"
    serial.touch()
    command = ["qemu-system-x86_64", "-display", "none", "-cdrom", iso, "-serial", f"file:{serial}",
               "-monitor", "stdio", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as machine:
        try:
            deadline = time.monotonic() + 60
            while b"machine halted" not in serial.read_bytes():
                assert time.monotonic() < deadline, serial.read_text(errors="replace")
                time.sleep(0.1)
            machine.communicate(f'pmemsave 0xb8000 {2 * COLUMNS * LINES} "{memory}"\nquit\n', timeout=30)
        finally:
            machine.kill()
    text = memory.read_bytes()[::2].decode("cp437")
    return [text[start:start + COLUMNS].rstrip() for start in range(0, len(text), COLUMNS)]


def test_early_sentence_is_on_screen(kernel_iso, tmp_path):
    """Before paging and 64-bit mode."""
    lines = screen_text(kernel_iso, tmp_path, "-cpu", "qemu32")
    assert "cocOS cannot start: this processor has no long mode (64-bit mode)." in lines
    assert "machine halted" in lines


def test_late_sentence_is_on_screen(make_iso, tmp_path):
    """With the identity map in place."""
    iso = make_iso("multiboot2 /boot/kernel.elf", "module2 /boot/init init", init=b"no program")
    lines = screen_text(iso, tmp_path)
    assert any(line.startswith("cocOS cannot start: init: not an ELF file") for line in lines), lines
    assert "machine halted" in lines
