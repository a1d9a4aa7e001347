"""Servers and programs as a user meets them: started, called, refused, faulting, ended; and nothing left behind."""
import re
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HELLO = ROOT / "examples/hello/hello"
SYSTEM = ROOT / "build/tests/system"

PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474e551
UPPER = 0xffff800000000000


class Elf:
    """A real program's bytes, to be spoiled field by field (System V ABI, chapters 4 and 5)."""

    def __init__(self):
        self.bytes = bytearray(HELLO.read_bytes())
        self.headers = struct.unpack_from("<Q", self.bytes, 32)[0]
        self.count = struct.unpack_from("<H", self.bytes, 56)[0]

    def set(self, layout, offset, value):
        struct.pack_into(layout, self.bytes, offset, value)
        return self

    def header(self, kind, number=0):
        """Offset of the number-th program header of a kind."""
        found = [self.headers + 56 * i for i in range(self.count)
                 if struct.unpack_from("<I", self.bytes, self.headers + 56 * i)[0] == kind]
        return found[number]

    def load(self, number, field, value):
        """Sets a field of the number-th PT_LOAD."""
        offset, layout = {"flags": (4, "<I"), "offset": (8, "<Q"), "address": (16, "<Q"), "file": (32, "<Q"),
                          "memory": (40, "<Q"), "align": (48, "<Q")}[field]
        return self.set(layout, self.header(PT_LOAD, number) + offset, value)


def cut(size):
    elf = Elf()
    del elf.bytes[size:]
    return elf


def overlapping():
    """Data over the program's text, at the place in its page that it has in the file."""
    elf = Elf()
    at = struct.unpack_from("<Q", elf.bytes, elf.header(PT_LOAD, 3) + 16)[0]
    return elf.load(3, "address", 0x1000 + at % 0x1000)


# Each spoils one thing; the rule that must refuse it.
BAD = {
    "empty": (lambda: cut(0), "E_ELF_TRUNCATED"),
    "shorthead": (lambda: cut(63), "E_ELF_TRUNCATED"),
    "cutoff": (lambda: cut(9000), "E_ELF_TRUNCATED"),
    "notelf": (lambda: Elf().set("B", 1, ord("F")), "E_ELF_MAGIC"),
    "class32": (lambda: Elf().set("B", 4, 1), "E_ELF_CLASS"),
    "arm": (lambda: Elf().set("<H", 18, 183), "E_ELF_MACHINE"),
    "object": (lambda: Elf().set("<H", 16, 1), "E_ELF_TYPE"),
    "headersize": (lambda: Elf().set("<H", 54, 55), "E_ELF_HEADERS"),
    "manyheaders": (lambda: Elf().set("<H", 56, 65535), "E_ELF_HEADERS"),
    "noload": (lambda: Elf().set("<H", 56, 0), "E_ELF_NO_SEGMENT"),
    "filesize": (lambda: Elf().load(1, "memory", 1), "E_ELF_FILE_SIZE"),
    "wrap": (lambda: Elf().load(3, "memory", 2**64 - 4096), "E_ELF_WRAP"),
    "lowerhalf": (lambda: Elf().set("<H", 16, 2), "E_ELF_HALF"),
    "overlap": (overlapping, "E_ELF_OVERLAP"),
    "writeexec": (lambda: Elf().load(1, "flags", 7), "E_ELF_RIGHTS"),
    "misaligned": (lambda: Elf().load(1, "offset", 0x1008), "E_ELF_ALIGNMENT"),
    "entry": (lambda: Elf().set("<Q", 24, 0x10), "E_ELF_ENTRY"),
}
MODULES_A_BOOT = 9


def groups():
    names = sorted(BAD)
    return [names[i:i + MODULES_A_BOOT] for i in range(0, len(names), MODULES_A_BOOT)]


@pytest.mark.parametrize("names", groups(), ids=lambda names: names[0])
def test_bad_modules(run, tmp_path, names):
    """Each is reported by name and reason, at boot and when run; the others run on; no frame is lost."""
    options = ["--module", SYSTEM / "frames_free"]
    for name in names:
        path = tmp_path / name
        path.write_bytes(BAD[name][0]().bytes)
        options += ["--module", path]
    # What cannot be run might be a script: the file server that the shell looks at begins now.
    commands = ["source /nothing", "frames_free", *(f"run {name}" for name in names * 2), "echo $?", "frames_free",
                "run hello", "hello-client you"]
    result = run(*options, commands=commands)
    errors = (ROOT / "include/cocos/errors.h").read_text()
    for name in names:
        text = re.search(rf'X\({BAD[name][1]}, *\d+, "(.*)"\)', errors)[1]
        assert any(line.startswith(f"init: {name}: ") and text in line for line in result.lines), \
            f"{name} should be refused at boot: {text}"
        assert any(line.startswith(f"run: {name}: ") and text in line for line in result.lines)
    assert result.answer("frames_free") == frames(result)[-1:]
    assert len(set(frames(result)[1:])) == 1, f"a refused program left something behind: {frames(result)}"
    assert result.answer("echo $?") != ["0"]
    assert "hello, you! (greeting 1)" in result.lines and result.status == 0


def frames(result):
    return re.findall(r"^(free frames: \d+)$", result.output, re.MULTILINE)


def test_hello(run):
    """A server that is found by name answers each caller, whom it knows by badge."""
    result = run(commands=["hello-client early", "run hello", "hello-client", "hello-client Maria", "ps"])
    assert result.answer("hello-client early") == ["hello-client: hello: no such name"]
    assert result.answer("run hello") == ["hello: serving"]
    assert "hello, world! (greeting 1)" in result.answer("hello-client")
    assert "hello, Maria! (greeting 2)" in result.answer("hello-client Maria")
    assert re.search(r"serves +hello$", "\n".join(result.answer("ps")), re.MULTILINE)


def test_pager(run):
    """The example of a pager: zeroes on demand (eight pages, and the stack at most), data shared, and copied."""
    result = run("--module", SYSTEM / "frames_free", commands=["frames_free", "pager", "frames_free"])
    answer = result.answer("pager")
    assert re.fullmatch(r"pager: done at [0-9a-f]+", answer[0])
    assert re.fullmatch(r"pager: [89] pages of zeroes, 2 shared, 1 copied", answer[1])
    assert answer[2:] == ["pager: the child read 1000 and 1001, and wrote 4321", "pager: the original is still 1001"]
    free = frames(result)
    assert len(free) == 3 and free[1] == free[2]  # the first is of its start as a module


def test_module_option(run):
    """A user's own server, given as a module, runs before the shell does."""
    result = run("--module", HELLO, commands=["hello-client you"])
    assert "hello, you! (greeting 1)" in result.lines


@pytest.mark.parametrize("at, accepted", [
    ("0xffff800000400000", True), ("0xffffa00000000000", True), ("0xffffffffffdfe000", False), ("0x400000", False)])
def test_fixed_address(run, tmp_path, at, accepted):
    """A program linked at an address of its own is loaded there, if that is in the upper half and below its top."""
    subprocess.run(["gcc", "-nostdlib", "-static", "-ffreestanding", "-fPIE", "-no-pie", "-O2", "-fcf-protection=none",
                    f"-I{ROOT / 'include'}", f"-Wl,-Ttext-segment={at}", "-Wl,-z,separate-code,-z,norelro",
                    "-Wl,-z,max-page-size=4096,--build-id=none,-z,noexecstack", "-o", tmp_path / "fixed",
                    ROOT / "tests/fixed/fixed.c"], check=True)
    result = run("--module", tmp_path / "fixed", commands=["run fixed", "echo $?"])
    assert result.answer("echo $?") == ["7" if accepted else "1"]
    assert bool(result.answer("run fixed")) != accepted


def test_example_is_short():
    """The example is a server with its Makefile in under 40 lines."""
    lines = sum(len((ROOT / "examples/hello" / name).read_text().splitlines()) for name in ("hello.c", "Makefile"))
    assert lines < 40


FAULTS = {
    "null-read": "page fault", "null-write": "page fault", "kernel-read": "page fault",
    "kernel-write": "page fault", "tables-read": "page fault", "vga-write": "page fault",
    "text-write": "page fault", "data-execute": "page fault", "stack-execute": "page fault",
    "system-page-write": "page fault", "process-page-write": "page fault", "reserved-top-read": "page fault",
    "not-canonical": "general protection", "stack-overflow": "page fault", "port": "general protection",
    "hlt": "general protection", "cr3": "general protection", "iopl": "general protection",
    "undefined": "invalid opcode", "divide": "division error", "interrupt-gate": "general protection",
    "page-fault-gate": "general protection",
}


@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_faults(run, emulator):
    """Each fault ends the program that commits it, is reported with what and where, and harms nothing else."""
    result = run("--emulator", emulator, "--module", SYSTEM / "faults", "--module", SYSTEM / "frames_free",
                 commands=["run hello", "frames_free", *(f"faults {kind}" for kind in FAULTS), "echo ended $?",
                           "frames_free", "hello-client you"], timeout=120)
    assert "was let pass" not in result.output
    for kind, name in FAULTS.items():
        report = "\n".join(result.answer(f"faults {kind}"))
        assert re.search(rf"init: faults \(\d+\) ended by a fault: .*{name}", report, re.IGNORECASE), (kind, report)
        assert "rip 0x" in report
    assert "ended 139" in result.lines
    assert len(set(frames(result)[1:])) == 1, frames(result)
    assert "hello, you! (greeting 1)" in result.lines and result.status == 0


def test_programs(run):
    """An ordinary C program: printf, malloc, mmap, floating point, arguments, exit status, abort."""
    result = run("--module", SYSTEM / "programs", "--module", SYSTEM / "frames_free",
                 commands=["programs ", "frames_free", "programs one two", "echo $?", "programs abort", "echo  $?",
                           "frames_free"])
    assert result.answer("programs one two") == [
        "argument 1: one", "argument 2: two", "pi is 3.141593, the root of two is 1.414e+00", "all is well"]
    assert result.answer("echo $?") == ["42"]
    assert result.answer("echo  $?") == ["134"]
    assert len(set(frames(result)[1:])) == 1, frames(result)


def test_kill(run):
    """A killed server is gone, its name is free, and who calls it hears of it."""
    result = run("--module", SYSTEM / "frames_free",
                 commands=["frames_free", "run hello", "hello-client you", "kill 9", "ps", "hello-client you ",
                           "frames_free", "run hello ", "hello-client again", "kill 99", "kill 1", "kill 2"])
    numbers = re.findall(r"^ *(\d+) +\w+ +(?:\d+ +)?(\w[\w-]*)$", "\n".join(result.answer("ps")), re.MULTILINE)
    assert ("1", "init") in numbers
    assert result.answer("hello-client you ") == ["hello-client: hello: no such name"]
    assert "hello, again! (greeting 1)" in result.lines
    assert result.answer("kill 99") and result.answer("kill 1")
    assert len(set(frames(result)[1:])) == 1, frames(result)


def test_threads_are_preempted(run):
    """A program that never lets go does not stop the others."""
    result = run("--module", SYSTEM / "spins", commands=["run hello", "hello-client you"])
    assert "hello, you! (greeting 1)" in result.lines and result.status == 0


def test_no_vector_registers(built):  # pylint: disable=unused-argument
    """Servers and the library use none: who does sends its messages the long way, and a system call would change the
    program's."""
    objects = [*(ROOT / "build/user/servers").rglob("*.c.o"), *(ROOT / "build/user/libc").rglob("*.c.o")]
    assert len(objects) > 50
    for file in objects:
        code = subprocess.run(["objdump", "-d", file], stdout=subprocess.PIPE, text=True, check=True).stdout
        assert not re.search(r"%[xyz]mm\d", code), file
