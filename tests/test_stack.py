"""How deep the kernel's stacks can get: a bound by the compiler's own call graph, and their sizes."""

import re

import pytest

from conftest import ROOT

# Handlers of PLAIN calls; the checking kernel has one around each, with a name of its own.
PLAIN_TABLE = (ROOT / "include/cocos/calls.h").read_text().split("define COCOS_PLAIN_CALLS")[1].split("#define")[0]
PLAIN_CALLS = [f"sys_{name}" for name in re.findall(r"X\((\w+),", PLAIN_TABLE)]

# Calls through pointers: in which file, and whom they can reach. Names of a file's own functions
# begin with it.
INDIRECT = {
    "boot/acpi.c": ["kernel/main.c:read_early"],
    "kernel/frame_boot.c": [
        "kernel/frame_boot.c:add_free",
        "kernel/frame_boot.c:add_reserved",
        "kernel/frame_boot.c:take_memory",
    ],
    "kernel/identity.c": ["boot_memory_tables"],
    "kernel/syscall.c": PLAIN_CALLS,
    "kernel/x86/clock.c": ["kernel/x86/clock.c:read_acpi_timer", "kernel/x86/clock.c:read_pit"],
}

# Functions that call themselves, and how deep at most: levels of page tables; halves of a block.
RECURSION = {"kernel/check.c:walk": 4, "kernel/frame_boot.c:take_memory": 10}

# The compiler's name for whatever a pointer points to.
INDIRECT_CALL = "__indirect_call"

# What assembler has on a stack before it calls C: struct registers, return addresses, alignment.
ENTRY_BYTES = 256
# What the functions in assembler that C calls take, return address and saved registers.
ASSEMBLER_BYTES = 64


class Graph:
    """What each function takes on the stack itself, and whom it calls."""

    def __init__(self, build):
        self.bytes, self.calls, self.depths = {}, {}, {}
        files = sorted((build / "obj").rglob("*.ci"))
        for file in files:
            if (ROOT / file.relative_to(build / "obj")).with_suffix("").is_file():
                self.read(file.read_text())
        assert self.bytes, "the kernel was built with -fcallgraph-info=su"

    def read(self, text):
        for name, label in re.findall(r'^node: \{ title: "([^"]+)" label: "([^"]*)"', text, re.M):
            size = re.search(r"\\n(\d+) bytes \((\w+)", label)
            if size:
                assert size[2] == "static", f"{name} has a stack frame of no fixed size"
                self.bytes[name] = int(size[1])
                self.calls.setdefault(name, set())
        edge = r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)" label: "([^":]+)'
        for source, target, file in re.findall(edge, text, re.M):
            targets = [target]
            if target == INDIRECT_CALL:
                assert file in INDIRECT, f"{source} calls through a pointer: whom? (INDIRECT)"
                targets = INDIRECT[file]
            self.calls.setdefault(source, set()).update(targets)

    def depth(self, name, above=()):
        """The most bytes of stack that a call of NAME takes."""
        times = above.count(name)
        assert times == 0 or name in RECURSION, f"recursion: {' -> '.join(above)} -> {name}"
        if times >= RECURSION.get(name, 1):
            return 0
        targets = self.calls.get(name, set())
        if times == 0 and not any(function in RECURSION for function in above):
            if name not in self.depths:
                self.depths[name] = self.deepest(name, targets, above)
            return self.depths[name]
        return self.deepest(name, targets, above)

    def deepest(self, name, targets, above):
        own = self.bytes.get(name, ASSEMBLER_BYTES)
        return own + max((self.depth(target, (*above, name)) for target in targets), default=0)

    def roots(self):
        """Whom no function calls: assembler does."""
        called = {target for targets in self.calls.values() for target in targets}
        return sorted(set(self.bytes) - called)


def stack_bytes(name):
    text = (ROOT / "kernel/x86/cpu.h").read_text()
    return int(re.search(rf"^#define {name} (\d+)", text, re.M)[1])


@pytest.mark.parametrize("build", ["build", "build/checking"])
@pytest.mark.usefixtures("built")
def test_stacks_are_deep_enough(build):
    """The deepest way through the kernel, a fault at its end, and one in the panic that follows."""
    graph = Graph(ROOT / build)
    roots = graph.roots()
    assert {"kernel_main", "kernel_syscall", "kernel_trap", "kernel_own_trap"} <= set(roots)
    trap = ENTRY_BYTES + graph.depth("kernel_own_trap")
    deepest = max(roots, key=graph.depth)
    need = ENTRY_BYTES + graph.depth(deepest) + 2 * trap
    print(f"{need} bytes of the kernel's stack, from {deepest}; {2 * trap} of those for traps")
    assert need <= stack_bytes("STACK_KERNEL_BYTES"), f"{deepest}: {graph.depth(deepest)} bytes"
    assert 2 * trap <= stack_bytes("STACK_TRAP_BYTES")
