"""What the shell shows of memory, frame by frame and page by page, against what must hold."""
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TYPES = re.findall(r'^ +X\(FRAME_\w+, +"(.*?)"\)', (ROOT / "include/cocos/abi.h").read_text(), re.MULTILINE)
NOT_FOR_PROGRAMS = {"absent", "reserved", "kernel", "device"}
KERNELS_OWN = {"kernel", "records", "table stock", "page table", "domain", "slots", "thread", "endpoint"}
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
SIZE = r"([\d.]+ [KMGT]iB)"
STACKS = 0xffffffff00000000 # above the views of stacks
FRAME = 4096
GUARD_BELOW_STACKS = 5


@dataclass
class Line:
    """A line of vm: some memory, and what is said of it."""

    start: int
    end: int  # exclusive
    size: str
    what: str  # type, kind or, for a page of the upper half, physical address
    rights: str
    cache: str
    owner: str
    tag: str

    def check(self):
        """The size in words is that of the range."""
        assert self.start % FRAME == 0 and self.end % FRAME == 0 and self.start < self.end
        number, unit = self.size.split()
        whole = (self.end - self.start) / UNITS[unit]
        assert float(number) <= whole < float(number) + (1 if whole >= 1000 else 0.1), self


def machine_lines(text):
    """The lines of `vm`, and how many frames its totals give each type and owner."""
    types = "|".join(re.escape(name) for name in TYPES)
    pattern = re.compile(rf"([0-9a-f]{{12}})-([0-9a-f]{{12}}) +{SIZE}  ({types}) +(?:(wb|uc|wc) +)?(\S+)(?: +(\S+))?$")
    found = [pattern.match(line) for line in text]
    lines = [Line(int(m[1], 16), int(m[2], 16) + 1, m[3], m[4], "", m[5] or "", m[6], m[7] or "") for m in found if m]
    totals = {name: int(count) for line in text for name, count in
              re.findall(r"(?:^|    )(\w[\w, ]*?) +[\d.]+ [KMGT]iB +(\d+)", line) if not pattern.match(line)}
    return lines, totals


def page_lines(text):
    """The lines of `vm NAME`: of the lower half, of the upper half."""
    rest = rf" +{SIZE} (r[w-][x-]) (wb|uc|wc) (\S+)(?: +(\S+))?$"
    halves = (r"([0-9a-f]{12})-([0-9a-f]{12})  (\w+)", r"([0-9a-f]{16})-([0-9a-f]{16}) +([0-9a-f]+)")
    found = [[re.match(half + rest, line) for line in text] for half in halves]
    return [[Line(int(m[1], 16), int(m[2], 16) + 1, m[4], m[3], m[5], m[6], m[7], m[8] or "") for m in half if m]
            for half in found]


def table_lines(text):
    """The lines of `vm --tables`: level, start, end (exclusive), physical address, flags, what it stands for."""
    pattern = re.compile(r" *([1-4]) +([0-9a-f]{16})-([0-9a-f]{16}) +([0-9a-f]+|-)  (\S{7})  (.+)$")
    found = [pattern.match(line) for line in text]
    return [(int(m[1]), int(m[2], 16), int(m[3], 16) + 1, int(m[4], 16) if m[4] != "-" else None, m[5], m[6])
            for m in found if m]


@pytest.mark.parametrize("memory", ["512M", "8G"])
def test_machine(run, memory):
    """Every frame is in one line, all add up to what the machine has, and each owner has what is said of it."""
    result = run("--memory", memory, commands=["vm"])
    text = result.answer("vm")
    lines, totals = machine_lines(text)
    assert lines[0].start == 0 and lines[-1].end >= 4 << 30
    for line, following in zip(lines, lines[1:]):
        assert line.end == following.start, "a gap"
        assert (line.what, line.cache, line.owner, line.tag) != (
            following.what, following.cache, following.owner, following.tag), "two lines that say the same"
    frames, owners = {}, {}
    for line in lines:
        line.check()
        frames[line.what] = frames.get(line.what, 0) + (line.end - line.start) // FRAME
        owners[line.owner] = owners.get(line.owner, 0) + (line.end - line.start) // FRAME
        assert (line.owner == "-") == (line.what in {"absent", "reserved", "free", "system page"}), line
        assert (line.cache == "") == (line.what in {"absent", "reserved"}), line
        assert line.what != "device" or line.cache in {"uc", "wc"}
        assert line.what not in KERNELS_OWN or line.tag == "" or line.what == "kernel"
    owners = {name: count for name, count in owners.items() if name not in {"-", "kernel"}}
    assert totals == {**frames, **owners}
    ownable = sum(count for what, count in frames.items() if what not in NOT_FOR_PROGRAMS)
    summary = next(line for line in text if line.startswith("memory for programs: "))
    assert int(re.search(r", (\d+) frames", summary)[1]) == ownable
    assert lines[0].what == "kernel", "page 0 is nobody's to have"
    assert [line for line in lines if line.start <= 0x100000 < line.end][0].what == "kernel"
    vga = [line for line in lines if line.start <= 0xb8000 < line.end][0]
    assert (vga.what, vga.owner, vga.cache) == ("device", "console", "uc")
    assert {"init", "console", "shell"} <= owners.keys()


def test_total_is_the_machines(run):
    """The dump adds up to what the kernel counts, to the frame (in the units mem prints)."""
    result = run(commands=["mem", "vm"])
    sizes = dict(re.findall(rf"^(total|free) +{SIZE}", "\n".join(result.answer("mem")), re.MULTILINE))
    summary = next(line for line in result.answer("vm") if line.startswith("memory for programs: "))
    assert summary.startswith(f"memory for programs: {sizes['total']}, ") and f"; {sizes['free']} of it" in summary


def test_program(run):
    """A program has its segments with their rights, its stack and the two pages, and nothing by name; the console has
    the screen."""
    result = run(commands=["ps", "vm shell", "vm console", "vm init"])
    for name in ("shell", "console", "init"):
        lower, upper = page_lines(result.answer(f"vm {name}"))
        for line in lower + upper:
            line.check()
            assert not ("w" in line.rights and "x" in line.rights), line
        assert all("x" not in line.rights for line in lower)
        assert all(line.start >= 0xffff800000000000 for line in upper)
        text = [line for line in upper if line.tag == "elf.text"]
        assert text and all(line.rights == "r-x" and line.owner == name for line in text)
        assert [line.rights for line in upper if line.start == 0xffffffffffdff000] == ["r--"], "the system page"
        assert [line.rights for line in upper if line.start == 0xffffffffffdfe000] == ["r--"], "the process page"
        # Init looks at others' stacks, too, lower down.
        stack = [line for line in upper if line.tag == "stack" and line.start >= STACKS]
        assert sum(line.end - line.start for line in stack) == 0x20000
        assert all(line.rights == "rw-" and line.end <= 0xffffffffffc00000 for line in stack)
    lower, _ = page_lines(result.answer("vm shell"))
    assert {(line.what, line.owner, line.tag) for line in lower} == {("lent", "init", "state")}, "and no more"
    lower, _ = page_lines(result.answer("vm console"))
    screen = [line for line in lower if line.what == "device"]
    assert [(line.start, line.end, line.rights, line.cache, line.owner) for line in screen] == [
        (0xb8000, 0xb9000, "rw-", "uc", "console")]
    lower, _ = page_lines(result.answer("vm init"))
    modules = [line for line in lower if line.tag == "module"]
    assert modules and all((line.what, line.rights) == ("owned", "r--") for line in modules)


def test_numbers(run):
    """A program is found by its number, also where two have the same name."""
    result = run(commands=["run hello", "run hello", "ps", "vm hello", "vm 1", "vm init"])
    domains = re.findall(r"^hello, the domain at ([0-9a-f]+),", "\n".join(result.answer("vm hello")), re.MULTILINE)
    assert result.answer("vm 1") == result.answer("vm init")
    numbers = re.findall(r"^ *(\d+) +\w+ +hello$", "\n".join(result.answer("ps")), re.MULTILINE)
    assert len(domains) == len(numbers) > 0
    single = run(commands=["run hello", f"vm {numbers[0]}"])
    assert f"hello, the domain at {domains[0]}," in single.output


def test_grants(run):
    """What is lent to a program and shared with it stands in its lower half, with the owner's name; both domains add it
    up, but only the owner owns it."""
    result = run("--module", ROOT / "build/tests/system/lender", commands=["vm borrower", "vm lender"])
    lower, upper = page_lines(result.answer("vm borrower"))
    assert sorted((line.what, line.rights, line.owner, line.tag, line.end - line.start) for line in lower) == [
        ("lent", "r--", "lender", "lent", FRAME), ("shared", "rw-", "lender", "shared", FRAME)]
    assert upper == []
    assert result.answer("vm borrower")[0].endswith("owns 7 frames, 28 KiB:")
    lower_of_owner, _ = page_lines(result.answer("vm lender"))
    mine = [(line.start, line.rights, line.what) for line in lower_of_owner if line.tag in {"lent", "shared"}]
    assert sorted(mine) == sorted((line.start, "rw-", "owned") for line in lower)


def test_framebuffer(run):
    """The framebuffer is the console's, write-combining, and mapped in blocks."""
    result = run("--firmware", "uefi", commands=["vm console", "vm"])
    lines, _ = machine_lines(result.answer("vm"))
    screen = [line for line in lines if line.what == "device"]
    assert [(line.owner, line.cache) for line in screen] == [("console", "wc")]
    lower, _ = page_lines(result.answer("vm console"))
    assert [(line.start, line.end, line.rights, line.cache) for line in lower if line.what == "device"] == [
        (screen[0].start, screen[0].end, "rw-", "wc")]


def segments(kernel):
    """Where the kernel's text, read-only data and data lie, by its program's symbols."""
    data = (ROOT / kernel).read_bytes()
    sections, size, count = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, sections + size * i) for i in range(count)]
    symbols = {}
    for header in headers:
        if header[1] != 2:  # SHT_SYMTAB
            continue
        names = headers[header[6]][4]
        for at in range(header[4], header[4] + header[5], 24):
            name, value = struct.unpack_from("<I", data, at)[0], struct.unpack_from("<Q", data, at + 8)[0]
            start = names + name
            symbols[data[start:data.index(b"\0", start)].decode()] = value
    return symbols


def test_kernels_tables(run):
    """The map as the page tables have it: no gap, page 0 a guard, W^X, each stack above a guard, the rest absent."""
    result = run(commands=["vm --tables"])
    lines = table_lines(result.answer("vm --tables"))
    symbols = segments("build/kernel.elf")
    at = 0
    for level, start, end, _, flags, what in lines:
        if "table" in what:
            assert start == at, "a table that begins elsewhere than its first entry"
            continue
        at = 0xffff800000000000 if at == 1 << 47 else at
        assert start == at, f"a gap at {at:x}"
        at = end
        assert (flags[0] == "p") == (what not in {"guard", "absent", "nothing"})
        assert "w" not in flags or "n" in flags, "writable and executable"
        assert "u" not in flags, "the kernel's own map has nothing for user mode"
        assert "l" not in flags or level == 2
    assert at == 1 << 64
    leaves = [(start, end, flags, what) for level, start, end, _, flags, what in lines if "table" not in what]
    assert leaves[0] == (0, FRAME, "-------", "guard")
    text = [(start, end) for start, end, flags, _ in leaves if flags[0] == "p" and "n" not in flags]
    assert text == [(symbols["kernel_start"], symbols["kernel_boot_text"])], "only the kernel's text is executable"
    assert symbols["kernel_boot_text"] - symbols["kernel_start"] <= 64 << 10, "what stays of the kernel's text"
    guards = [start for start, _, _, what in leaves if what == "guard" and start]
    assert len(guards) == GUARD_BELOW_STACKS and all(symbols["kernel_start"] < guard < symbols["kernel_end"]
                                                     for guard in guards)
    assert leaves[-1][3] == "absent" and leaves[-2][3] == "absent"


def test_programs_tables(run):
    """A program's own tables lead to its pages, by the codes in words; below hang the kernel's."""
    result = run(commands=["vm --tables shell", "vm shell", "vm --tables console"])
    lines = table_lines(result.answer("vm --tables shell"))
    _, upper = page_lines(result.answer("vm shell"))
    pages = [(start, end, address) for level, start, end, address, flags, what in lines
             if "u" in flags and "table" not in what and start >= 1 << 47]
    # "kernel" is the system page; what is lent is the shell's state, by its name.
    assert {what for *_, flags, what in lines if "u" in flags} == {"table", "owned", "kernel", "lent"}
    covered = sum(end - start for start, end, _ in pages)
    assert covered == sum(line.end - line.start for line in upper)
    for line in upper:
        assert any(start <= line.start and line.end <= end and address + line.start - start == int(line.what, 16)
                   for start, end, address in pages), line
    assert any("kernel's table" in what for *_, what in lines), "the identity map is shared"
    screen = [line for line in table_lines(result.answer("vm --tables console")) if line[1] == 0xb8000]
    assert screen == [(1, 0xb8000, 0xb9000, 0xb8000, "pwun-c-", "device")]


def test_large_machine(run):
    """1 TiB is shown in few lines, and soon."""
    result = run("--memory", "1T", commands=["vm", "vm --tables"], timeout=60)
    lines, totals = machine_lines(result.answer("vm"))
    assert totals["free"] * FRAME > 1000 << 30 and len(lines) < 200
    tables = table_lines(result.answer("vm --tables"))
    assert len(tables) < 60
    assert sum(int(what.split()[0]) for *_, what in tables if what.endswith(" tables")) > 1000
    assert max(end for _, _, end, address, *_ in tables if address is not None) > 1 << 40


def test_check(run):
    assert run(commands=["check"]).answer("check") == ["all invariants hold"]


def test_check_finds(run, tmp_path):
    """With a count spoiled through gdb the shell says what is wrong, in the kernel's words."""
    script = tmp_path / "script"
    script.write_text("hbreak sys_yield\ncontinue\ndelete\nset var frame_counts.free = frame_counts.free + 1\n"
                      "continue\nkill\n")
    result = run("--debugger-script", script, commands=["check", "echo status $?"])
    log = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", result.log).replace("\r", "").splitlines()
    assert "an invariant is broken: the count of free frames is wrong" in log
    assert "status 1" in log


@pytest.mark.parametrize("command, answer, status", [
    ("vm nobody", "vm: nobody: no such name", "1"),
    ("vm 99", "vm: 99: no such name", "1"),
    ("vm --tables nobody", "vm: nobody: no such name", "1"),
    ("vm --table", "usage: vm [--tables] [NAME]", "2"),
    ("vm shell console", "usage: vm [--tables] [NAME]", "2"),
])
def test_refusals(run, command, answer, status):
    result = run(commands=[command, "echo $?"])
    assert result.answer(command) == [answer] and result.answer("echo $?") == [status]
