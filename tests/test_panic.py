"""What the kernel does when it is itself wrong: seeded through gdb, shown on the console; the machine stands still."""
import re

import pytest


@pytest.fixture
def seeded(run, tmp_path):
    """seeded(LINES): stops in a system call, does that, goes on to the halt; gives the serial log's lines."""
    def start(*lines):
        script = tmp_path / "script"
        script.write_text("\n".join(["hbreak sys_yield", "continue", "delete", *lines, "hbreak arch_halt", "continue",
                                     "kill", ""]))
        result = run("--debugger-script", script)
        return result.log.replace("\r", "").splitlines()
    return start


def panic_of(log):
    return next(line for line in log if line.startswith("panic: "))


def test_fault_of_the_kernel(seeded):
    """A jump to nowhere: registers, and the way there by name."""
    log = seeded("set $rip = 0")
    assert panic_of(log) == "panic: the kernel took exception 14 at ?+0x0"
    assert any(re.match(r"  rip 0{16}  code 0000000000000010  address 0{16}$", line) for line in log)
    assert any(re.match(r"  [0-9a-f]{16} kernel_exit\+0x", line) for line in log)
    assert log[-1] == "machine halted"


def test_write_to_the_kernels_text(seeded):
    """WP holds in kernel mode, too."""
    log = seeded("set $rdi = sys_yield", "set $rip = arch_fpu_init")
    assert re.match(r"panic: the kernel took exception 14 at mem(set|cpy)\+0x|panic: .* at arch_fpu_init\+0x",
                    panic_of(log))
    assert any(" code 0000000000000003 " in line for line in log), "a write to a present page"


def test_stack_overflow_hits_the_guard(seeded):
    """With the stack in its guard frame nothing can be pushed: a double fault, on a stack of its own."""
    log = seeded("set $rsp = (long)&boot_stack_guard + 2048")
    assert re.match(r"panic: the kernel took exception 8 at sys_yield\+0x", panic_of(log)) or \
        "exception 8" in panic_of(log)
    assert log[-1] == "machine halted"


def test_status(run, tmp_path):
    """tools/run says that the machine stopped, by its status and with the sentence."""
    # A machine that is too small is the one stop a healthy kernel can be brought to without a debugger.
    result = run("--memory", "12M")
    assert result.status == 125
    assert "cocOS cannot start: less than 16 MiB of RAM" in result.errors
