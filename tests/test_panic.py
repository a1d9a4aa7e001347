"""What the kernel does when it is itself wrong: seeded through gdb, shown on the console; the
machine stands still."""

import re

import pytest


@pytest.fixture
def seeded(run, tmp_path):
    """seeded(LINES, OPTIONS...): stops at `at`, does what the lines say, goes on to the halt; gives
    the serial log's lines."""

    def start(*lines, at="sys_yield", options=()):
        script = tmp_path / "script"
        steps = [f"hbreak {at}", "continue", "delete", *lines, "hbreak arch_halt", "continue"]
        script.write_text("\n".join([*steps, "kill", ""]))
        result = run("--debugger-script", script, *options)
        return result.log.replace("\r", "").splitlines()

    return start


# The thread that the first CPU runs: the kernel keeps the end of its registers in the TSS.
CURRENT = "((struct thread *)(boot_cpu.tss.rsp[0] - sizeof(struct registers)))"


def panic_of(log):
    return next(line for line in log if line.startswith("panic: "))


def has(log, pattern):
    return any(re.fullmatch(pattern, line) for line in log)


def test_fault_of_the_kernel(seeded):
    """A jump to nowhere: registers, and the way there by name."""
    log = seeded("set $rip = 0")
    assert panic_of(log) == "panic: the kernel took exception 14 at ?+0x0"
    assert has(log, r"  rip 0{16}  code 0000000000000010  address 0{16}")
    assert any(re.match(r"  [0-9a-f]{16} kernel_exit\+0x", line) for line in log)
    assert "  the address is kernel, owner kernel, tag page0" in log
    assert log[-1] == "machine halted"


def test_write_to_the_kernels_text(seeded):
    """WP holds in kernel mode, too; the panic says whose memory it is."""
    log = seeded("set $rdi = sys_yield", "set $rip = arch_fpu_reset")
    assert re.match(
        r"panic: the kernel took exception 14 at (mem(set|cpy)|arch_fpu_reset)\+0x", panic_of(log)
    )
    assert any(" code 0000000000000003 " in line for line in log), "a write to a present page"
    assert "  the address is kernel, owner kernel, tag text" in log


def test_names_the_owner(seeded):
    """SMAP: the kernel reads memory that a program has mapped; the panic says whose it is."""
    log = seeded(
        "set $rdi = 'kernel/main.c'::boot.modules[1].address",
        "set $rip = strlen",
        at=f"kernel_syscall if {CURRENT}->domain == init_domain",
    )
    assert re.match(r"panic: the kernel took exception 14 at strlen\+0x", panic_of(log))
    assert "  the address is memory, owner init, tag module" in log


def test_stack_overflow_hits_the_guard(seeded):
    """With the stack in its guard frame nothing can be pushed: a double fault, on a stack of its
    own."""
    log = seeded("set $rsp = (long)&boot_stack_guard + 2048")
    assert "exception 8 at " in panic_of(log)
    assert "  the address is in the guard below the kernel stack of CPU 0" in log
    assert log[-1] == "machine halted"


def test_stack_overflow_of_another_cpu(seeded):
    """The same there, on its own stacks; CPU 0 is stopped, and the way is shown by name."""
    log = seeded(
        "set $rsp = (long)cpus[1]->stacks + 2048",
        at="kernel_cpu_main",
        options=("--cpus", "2"),
    )
    assert re.match(r"panic: .* exception 8 at (smp|kernel_cpu)_main\+0x", panic_of(log))
    assert has(log, "  on CPU 1 of [12]"), "CPU 0 may not have counted it yet"
    assert "  the address is in the guard below the kernel stack of CPU 1" in log
    assert any(re.match(r"  [0-9a-f]{16} start_64\+0x", line) for line in log)
    assert log[-1] == "machine halted"


def test_debug_exception_of_the_kernel(seeded):
    """The trap flag set within the kernel, where user mode's cannot get: a panic, on a stack of its
    own."""
    log = seeded("set $rip = idle_serve_interrupts", "set $eflags = $eflags | 0x100")
    assert panic_of(log).startswith("panic: the kernel took exception 1 at ")
    assert log[-1] == "machine halted"


def test_stops_the_other_cpus(run, tmp_path):
    """After a panic of CPU 0 every other one stands in its NMI's handler."""
    script = tmp_path / "script"
    steps = ["hbreak sys_yield", "continue", "delete", "set $rip = 0", "hbreak arch_halt", "continue"]
    script.write_text("\n".join([*steps, "thread apply all backtrace", "kill", ""]))
    output = run("--debugger-script", script, "--cpus", "4").output
    assert len(re.findall(r"^#0 .*arch_cpu_halt", output, re.M)) == 3


def test_panic_in_a_panic(seeded):
    """What is broken so far that the panic cannot be reported ends with two plain lines."""
    log = seeded("set $rip = 0", "hbreak print_backtrace", "continue", "delete", "set $rip = 0")
    assert panic_of(log) == "panic: the kernel took exception 14 at ?+0x0"
    assert log[-2:] == ["panic: once more, while it was reported", "machine halted"]


def test_status(run):
    """tools/run says that the machine stopped, by its status and with the sentence."""
    # A machine that is too small is the one stop a healthy kernel can be brought to without a
    # debugger.
    result = run("--memory", "12M")
    assert result.status == 125
    assert "cocOS cannot start: less than 16 MiB of RAM" in result.errors
