"""The identity map of machines of every size, and as Bochs's paging debugger and gdb see it (doc/MemoryMap.txt)."""
import re

import pytest

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

IDENTITY = "linear page {0:#018x} maps to physical page {0:#014x}"
NOTHING = "physical address not available for linear {:#018x}"


def holds_ram(size, hole_start):
    """The GiB numbers that hold RAM on a PC: below the hole, and from 4 GiB up what lies above it."""
    low = min(size, hole_start)
    high = size - low
    return [gib for gib in range(-(-low // GIB))] + [4 + gib for gib in range(-(-high // GIB))]


def paging_line(size, hole_start):
    """The kernel's line, by the formula: 1 PML4, 1 PDPT per 512 GiB and 1 PD per GiB that hold RAM, 1 PT."""
    gibs = holds_ram(size, hole_start)
    tables = 1 + len({gib // 512 for gib in gibs}) + len(gibs) + 1
    high = size - min(size, hole_start)
    top = 4 * GIB + high if high else size
    return f"paging: {tables} tables, {tables * 4} KiB, top {top // GIB} GiB"


def test_formula():
    """The formula gives what doc/MemoryMap.txt says."""
    hole = 3 * GIB
    assert paging_line(GIB, hole) == "paging: 4 tables, 16 KiB, top 1 GiB"
    assert paging_line(8 * GIB, hole) == "paging: 11 tables, 44 KiB, top 9 GiB"
    assert paging_line(123 * GIB, hole) == "paging: 126 tables, 504 KiB, top 124 GiB"
    assert paging_line(125 * GIB, hole) == "paging: 128 tables, 512 KiB, top 126 GiB"
    assert paging_line(1024 * GIB, hole) == "paging: 1029 tables, 4116 KiB, top 1025 GiB"


@pytest.mark.parametrize("machine, hole_start", [("pc", 3 * GIB), ("q35", 2 * GIB)])
@pytest.mark.parametrize("size", [1, 8, 123, 125, 1024])
def test_size(run, machine, hole_start, size):
    """Each machine boots to its shell with as many tables as the formula says."""
    result = run("--machine", machine, "--memory", f"{size}G", commands=["run hello", "hello-client you"])
    assert result.status == 0
    assert paging_line(size * GIB, hole_start) in result.lines
    assert "hello, you! (greeting 1)" in result.lines


def bochs(run, tmp_path, *questions):
    """Stops Bochs after a server was started, and asks its debugger."""
    script = tmp_path / "script"
    script.write_text("\n".join(["c", *questions, "q", ""]))
    result = run("--emulator", "bochs", "--debugger-script", script, commands=["run hello"])
    assert result.status == 0
    assert "hello: serving" in result.log
    return result.output


def test_bochs_pages(run, tmp_path):
    """What `page` says: nothing at 0, then every address itself; 4 KiB pages, and from 2 MiB up 2 MiB pages."""
    addresses = [0x1000, 0x80000, 0xf0000, 0x100000, 0x200000, 0x7fff000, 0xfffff000 & 0x1fe00000]
    output = bochs(run, tmp_path, "page 0", *(f"page {address:#x}" for address in addresses), "page 0x20000000")
    assert NOTHING.format(0) in output
    for address in addresses:
        assert IDENTITY.format(address) in output
    walks = re.split(r"(?:linear page|physical address).*\n", output)
    first = re.search(r"PTE: 0x(\w+)", walks[0])
    assert first and int(first[1], 16) >> 9 & 7 == 5, "page 0 is a guard, by its available bits"
    for address, walk in zip(addresses, walks[1:]):
        assert ("PTE:" in walk) == (address < 2 * MIB), f"{address:#x}: 4 KiB pages below 2 MiB only"
        assert ("PDE" in walk and " PS " in walk) == (address >= 2 * MIB)
        entry = re.findall(r"P[TD]E: 0x(\w+)", walk)[-1]
        kernel_text = address == 0x100000
        assert (int(entry, 16) >> 63 == 0) == kernel_text, f"{address:#x}: only the kernel's text is executable"
        assert (int(entry, 16) >> 1 & 1 == 0) == kernel_text, f"{address:#x}: and it alone of these is read-only"
        assert int(entry, 16) >> 2 & 1 == 0, f"{address:#x}: nothing of it is for user mode"
    # The machine has 512 MiB: what comes after is absent, base 0, available bits 111.
    absent = int(re.findall(r"PDE: 0x(\w+)", walks[len(addresses) + 1])[-1], 16)
    assert absent == 7 << 9


def test_bochs_table(run, tmp_path):
    """What `info tab` says of the whole: the lower half maps to itself, the upper half is the program's."""
    output = bochs(run, tmp_path, "info tab", "page 0xffff800000401000", "page 0xffffffffffe00000",
                   "page 0xffffffffffdff000", "page 0xffffffffffbdf000")
    spans = [[int(number, 16) for number in span]
             for span in re.findall(r"^0x(\w+)-0x(\w+) -> 0x(\w+)-0x(\w+)", output, re.MULTILINE)]
    lower = [span for span in spans if span[0] < 1 << 47]
    assert lower and lower[0][0] == 0x1000, "page 0 is absent, page 1 is there"
    for start, end, to_start, to_end in lower:
        assert (start, end) == (to_start, to_end)
    assert any(end == 512 * MIB - 1 for _, end, _, _ in lower), "all of RAM is there"
    # Guard frames: the kernel's stacks lie between holes in the second MiB.
    inside = [span for span in lower if MIB < span[0] < 2 * MIB]
    assert len(inside) == 5
    assert re.search(r"linear page 0xffff800000401000 maps to physical page 0x\w+", output), "a program's text"
    assert NOTHING.format(0xffffffffffe00000) in output
    assert NOTHING.format(0xffffffffffbdf000) in output, "the guard below the stack"
    assert re.search(r"linear page 0xffffffffffdff000 maps", output), "the system page"


def test_bochs_control_registers(run, tmp_path):
    """What `creg` says: protections on, caches on, 64-bit mode with NX and SYSCALL; and the FPU off, for the last that
    ran were servers: what musl's start did with it is forgotten."""
    output = bochs(run, tmp_path, "creg")
    cr0 = re.search(r"^CR0=.*: (.*)$", output, re.MULTILINE)[1].split()
    assert {"PG", "WP", "PE", "NE", "cd", "nw", "em", "TS"} <= set(cr0)
    cr4 = re.search(r"^CR4=.*: (.*)$", output, re.MULTILINE)[1].split()
    assert {"SMAP", "SMEP", "FSGSBASE", "OSXSAVE", "PAE"} <= set(cr4)
    efer = re.search(r"^EFER=.*: (.*)$", output, re.MULTILINE)[1].split()
    assert {"NXE", "LMA", "LME", "SCE"} <= set(efer)


def test_protection_by_the_processor(run):
    """SMEP, SMAP and UMIP are on where the processor has them, and not missed where it has not."""
    line = next(line for line in run(commands=["true"]).lines if line.startswith("cpu: "))
    assert line.endswith("NX WP SMEP SMAP UMIP FSGSBASE XSAVE")
    old = run("--cpu", "qemu64", commands=["run hello", "hello-client you"])
    assert old.status == 0 and "hello, you! (greeting 1)" in old.lines
    line = next(line for line in old.lines if line.startswith("cpu: "))
    assert line.endswith("; NX WP")


def test_gdb(run, tmp_path):
    """At the kernel's entry gdb has its symbols, and the map is still the provisional one."""
    script = tmp_path / "script"
    script.write_text("hbreak sys_yield\ncontinue\nbt\ninfo line\nx/1gx 0x100000\n")
    output = run("--debugger-script", script).output
    assert re.search(r"#0 +sys_yield \(", output) and "kernel_syscall" in output
    assert "kernel/sched.c" in output
