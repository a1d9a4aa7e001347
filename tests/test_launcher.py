"""tools/run and tools/setup: what they promise, and each of their refusals.

What the real kernel does not do on demand (reset, die, panic) is done by a guest of a few
instructions, assembled here.
"""
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RUN = str(ROOT / "tools/run")

# Prints what it was given, then does what it was told: reset by a triple fault, power off by ACPI,
# or wait for ever.
GUEST = """
bits 32
section .text
header: dd 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
        dw 0, 0
        dd 8
header_end:
global _start
_start: mov dx, 0x3fb
        mov al, 3
        out dx, al
        mov esi, text
next:   mov dx, 0x3fd
.wait:  in al, dx
        test al, 0x20
        jz .wait
        mov dx, 0x3f8
        lodsb
        out dx, al
        cmp esi, text_end
        jb next
        mov dx, 0x3fd                   ; until the last byte has left
.sent:  in al, dx
        test al, 0x40
        jz .sent
%ifdef RESET
        lidt [text_end]
        int3
%elifdef OFF
        mov ax, 0x2000
        mov dx, 0x604
        out dx, ax
        mov dx, 0xb004
        out dx, ax
%endif
        cli
        hlt
        jmp $ - 1
text:   incbin "text"
text_end: dd 0, 0
"""


@pytest.fixture
def guest(tmp_path):
    """guest(text, action): an ISO whose kernel prints TEXT and does ACTION."""

    def make(text, action="wait"):
        (tmp_path / "text").write_bytes(text.replace("\n", "\r\n").encode())
        (tmp_path / "guest.asm").write_text(GUEST)
        for command in (
            [
                "nasm",
                "-f",
                "elf32",
                f"-D{action.upper()}",
                "-i",
                f"{tmp_path}/",
                "-o",
                "guest.o",
                "guest.asm",
            ],
            [
                "ld",
                "-m",
                "elf_i386",
                "-n",
                "-N",
                "-Ttext",
                "0x100000",
                "-z",
                "noexecstack",
                "-o",
                "guest",
                "--no-warn-rwx-segments",
                "guest.o",
            ],
            [ROOT / "tools/iso", "guest.iso", ROOT / "grub.cfg", "guest"],
        ):
            subprocess.run(command, cwd=tmp_path, check=True)
        return tmp_path / "guest.iso"

    return make


# --- machines ---


@pytest.mark.parametrize(
    "options",
    [
        ["--machine", "pc"],
        ["--machine", "q35"],
        ["--firmware", "uefi"],
        ["--firmware", "uefi", "--machine", "q35"],
        ["--emulator", "bochs"],
        ["--cpus", "4"],
        ["--icount"],
        ["--cpu", "qemu64"],
    ],
    ids=" ".join,
)
def test_boots(run, options):
    result = run(*options, commands=["echo it runs"])
    assert result.status == 0, result.errors
    assert result.lines[0].startswith("cocOS ")
    assert result.answer("echo it runs") == ["it runs"]
    assert result.lines[-1] == "power off, status 0"


@pytest.mark.parametrize("size", ["64M", "1G", "125G", "1T"])
def test_memory(run, size):
    assert run("--memory", size, commands=["true"]).status == 0


def test_icount_repeats(run):
    """A nanosecond an instruction; how much of the ACPI timer's first tick is over depends on when GRUB had read
    its disk, for which the emulator has threads, so that the clock may differ by a tick of 10 ms: 28 in a million."""
    clock = re.compile(r"^clock: (\d+) kHz", re.MULTILINE)
    first, second = (run("--icount", commands=["true"]).output for _ in range(2))
    assert all(abs(int(clock.search(output)[1]) - 1000000) <= 30 for output in (first, second))
    assert clock.sub("", first) == clock.sub("", second)


def test_checking_build(run):
    assert run("--iso", ROOT / "build/checking/cocos.iso", commands=["true"]).status == 0


def test_two_bochs_at_once():
    command = [RUN, "--emulator", "bochs", "--timeout", "90", "--command", "echo both"]
    both = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        output, _ = process.communicate()
        assert "\nboth\n" in output and process.returncode == 0


# --- what is typed, and the exit status ---


@pytest.mark.parametrize(
    "commands, status",
    [
        (["true"], 0),
        (["false"], 1),
        (["false", "true"], 0),
        (["nosuchcommand"], 127),
        (["poweroff 42"], 42),
        (["poweroff 255"], 255),
    ],
)
def test_status_is_the_last_commands(run, commands, status):
    assert run(commands=commands).status == status


@pytest.mark.parametrize(
    "options",
    [["--machine", "pc"], ["--machine", "q35"], ["--emulator", "bochs"]],
    ids=["pc", "q35", "bochs"],
)
def test_reboot_ends_the_run(run, options):
    """The guest resets the machine, and does not start again."""
    result = run(*options, commands=["reboot 7", "echo never"])
    assert result.status == 7, result.errors
    assert result.lines[-1] == "reboot, status 7" and result.output.count("init: started") == 1
    assert "the machine starts again: the run ends here" in result.errors
    assert "started again before this was typed: echo never" in result.errors


def test_power_off_before_the_last_command_is_said(run):
    result = run(commands=["poweroff 3", "echo never"])
    assert result.status == 3
    assert "powered off before this was typed: echo never" in result.errors


def test_piped_input_is_typed_and_its_end_powers_off(run):
    result = run(stdin="echo one\necho two\nfalse")
    assert result.answer("echo one") == ["one"] and result.answer("echo two") == ["two"]
    assert result.status == 1


def test_empty_input_powers_off(run):
    result = run(stdin="")
    assert result.status == 0 and result.lines[-1] == "power off, status 0"


def test_output_has_plain_line_ends_and_no_firmware(run):
    result = run("--firmware", "uefi", commands=["true"])
    assert "\r" not in result.output
    assert "BdsDxe" in result.log and "BdsDxe" not in result.output


def modes(terminal):
    """How a terminal is set, as stty says it."""
    return subprocess.run(
        ["stty", "-g"], stdin=terminal, capture_output=True, check=True
    ).stdout


class Terminal:
    """tools/run on a terminal of its own."""

    def __init__(self, *arguments):
        self.ours, theirs = pty.openpty()
        self.before = modes(theirs)
        self.process = subprocess.Popen(
            [RUN, *arguments], stdin=theirs, stdout=theirs, stderr=theirs
        )
        self.theirs = theirs
        self.text = ""

    def wait_for(self, text, timeout=60):
        end = time.monotonic() + timeout
        while text not in self.text:
            assert time.monotonic() < end, self.text
            if select.select([self.ours], [], [], 0.2)[0]:
                self.text += os.read(self.ours, 4096).decode(errors="replace")
        self.text = self.text.partition(text)[2]

    def type(self, keys):
        os.write(self.ours, keys)


PROMPT_ON_TERMINAL = "cocos>"


def test_terminal(built):  # pylint: disable=unused-argument
    terminal = Terminal("--accel", "tcg")
    terminal.wait_for("Ctrl-A X ends the machine")
    terminal.wait_for(PROMPT_ON_TERMINAL)
    terminal.type(b"echo typed here\r")
    terminal.wait_for("\ntyped here")
    terminal.wait_for(PROMPT_ON_TERMINAL)
    terminal.type(b"poweroff 5\r")
    terminal.wait_for("power off, status 5")
    assert terminal.process.wait(20) == 5
    assert modes(terminal.theirs) == terminal.before


def test_terminal_end_by_key(built):  # pylint: disable=unused-argument
    terminal = Terminal("--accel", "tcg")
    terminal.wait_for(PROMPT_ON_TERMINAL)
    terminal.type(b"\x01x")
    assert terminal.process.wait(20) == 0


def children(process):
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in path.read_text().split()]


def alive(number):
    try:
        return " Z " not in Path(f"/proc/{number}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
def test_no_emulator_is_left_behind(
    built, tmp_path, emulator, number
):  # pylint: disable=unused-argument
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [RUN, "--emulator", emulator, "--accel", "tcg"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        process.stdout.readline()
        emulators = children(process)
        assert emulators and all(map(alive, emulators))
        process.send_signal(number)
        assert process.wait(20) == (128 + number if number != signal.SIGKILL else -number)
    end = time.monotonic() + 10
    while any(map(alive, emulators)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, emulators))
    assert number == signal.SIGKILL or not list(tmp_path.iterdir())


# --- modules and words for the kernel ---


def test_module_is_started_before_the_shell(run, tmp_path):
    program = tmp_path / "greeter"
    shutil.copy(ROOT / "examples/hello/hello", program)
    result = run("--module", f"{program} a b", commands=["ps"])
    assert result.status == 0
    assert any(re.search(r"\bgreeter\b", line) for line in result.answer("ps"))


def grub_cfg(iso, directory):
    config = directory / "extracted.cfg"
    subprocess.run(
        ["xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/boot/grub/grub.cfg", config],
        check=True,
        capture_output=True,
    )
    return config.read_text()


@pytest.mark.parametrize(
    "modules, append, kernel",
    [
        ([], ["x=1"], "start=console,shell x=1"),
        (["{dir}/one 1 2"], [], "start=console,one,shell"),
        (
            ["{dir}/one", "{dir}/two", "{dir}/console", "{dir}/init"],
            ["y"],
            "start=console,one,two,shell y",
        ),
        (["{dir}/one"], ["start=two y"], "start=two y"),
    ],
)
def test_derived_image(tmp_path, modules, append, kernel):
    """Looked at in the derived image itself: where modules go, and what the kernel's command line
    becomes."""
    for name in ("one", "two", "console", "init"):
        (tmp_path / name).write_text(name)
    config = (ROOT / "grub.cfg").read_text()
    (tmp_path / "grub.cfg").write_text(re.sub("start=.*", "start=console,shell", config))
    subprocess.run(
        [
            ROOT / "tools/iso",
            tmp_path / "base.iso",
            tmp_path / "grub.cfg",
            "/bin/true",
            tmp_path / "init",
        ],
        check=True,
    )
    # The launcher's own function, in a process of its own: it is no package of the tests.
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from launcher.image import derive; "
        "print(derive(sys.argv[2], eval(sys.argv[3]), eval(sys.argv[4]), sys.argv[5]))"
    )
    files = [module.format(dir=tmp_path).split() for module in modules]
    words = [word for text in append for word in text.split()]
    derived = subprocess.run(
        [
            "/usr/bin/python3",
            "-B",
            "-c",
            script,
            ROOT / "tools",
            tmp_path / "base.iso",
            repr(files),
            repr(words),
            tmp_path,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    lines = grub_cfg(derived, tmp_path).splitlines()
    assert f"multiboot2 /boot/kernel.elf {kernel}" in lines
    added = [
        f"module2 /boot/added/{i}/{Path(f[0]).name} {Path(f[0]).name} {' '.join(f[1:])}".strip()
        for i, f in enumerate(files)
    ]
    assert [line for line in lines if line.startswith("module2")] == [
        "module2 /boot/init init",
        *added,
    ]
    assert lines.index(added[-1] if added else "module2 /boot/init init") < lines.index("boot")


# --- ends that are no power off ---


def test_timeout(run, guest):
    started = time.monotonic()
    result = run("--iso", guest("cocOS waits\n"), timeout=3)
    assert result.status == 124 and 3 <= time.monotonic() - started < 10
    assert result.lines == ["cocOS waits"]
    assert "had not ended after 3 s" in result.errors


def test_timeout_before_the_start_shows_everything(run, guest):
    result = run("--iso", guest("only the firmware speaks"), timeout=3)
    assert result.status == 124
    assert "only the firmware speaks" in result.output
    assert "cocOS had not started" in result.errors


@pytest.mark.parametrize("emulator", ["qemu", "bochs"])
@pytest.mark.parametrize(
    "text, action, message",
    [
        ("cocOS falls\n", "reset", "triple fault"),
        ("cocOS goes\n", "off", "powered itself off without saying with which status"),
        (
            "cocOS 1\npanic: no reason\nrax 0\nmachine halted\n",
            "wait",
            "the machine stopped: panic: no reason",
        ),
        (
            "cocOS cannot start: no luck.\nmachine halted\n",
            "wait",
            "the machine stopped: cocOS cannot start: no luck.",
        ),
        ("firmware\n", "off", "cocOS did not start: "),
    ],
    ids=["reset", "off", "panic", "refusal", "no start"],
)
def test_bad_ends(run, guest, emulator, text, action, message):
    result = run("--emulator", emulator, "--iso", guest(text, action))
    assert result.status == 125
    assert message in result.errors
    assert text in result.output


def test_panic_that_does_not_halt(run, guest):
    result = run("--iso", guest("cocOS 1\npanic: stuck\n"), timeout=3)
    assert result.status == 125 and "did not halt after: panic: stuck" in result.errors


def test_words_of_a_panic_alone_end_nothing(run):
    result = run(commands=["echo panic: it is a test", "echo machine halted?", "true"])
    assert result.status == 0


def test_kernel_that_refuses_to_start(run):
    result = run("--memory", "8M")
    assert result.status == 125 and "cocOS cannot start: less than 16 MiB of RAM" in result.errors


def test_kernel_that_grub_refuses(run, tmp_path):
    subprocess.run(
        [ROOT / "tools/iso", tmp_path / "bad.iso", ROOT / "grub.cfg", "/bin/true"], check=True
    )
    result = run("--iso", tmp_path / "bad.iso")
    assert result.status == 125 and "GRUB cannot start cocOS" in result.output


def test_reader_that_goes_away(built):  # pylint: disable=unused-argument
    process = subprocess.Popen(
        [RUN, "--command", "help", "--timeout", "60"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.wait(30) == 125 and b"nobody reads standard output" in process.stderr.read()


# --- refusals before a machine is started ---


@pytest.mark.parametrize(
    "options, message",
    [
        (["--memory", "12Q"], "'12Q' is no size"),
        (["--memory", "100K"], "at least one"),
        (["--memory", "0"], "at least one"),
        (["--memory", "17T"], "too much memory"),
        (["--cpus", "0"], "no number of CPUs"),
        (["--timeout", "0"], "no time"),
        (["--timeout", "soon"], "no time"),
        (["--module", "/nonexistent/file"], "module /nonexistent/file is not a file."),
        (["--module", ""], "--module needs the name of a file."),
        (["--module", "/bin/["], "cannot be named after its file"),
        (["--module", "/bin/true 'a b'"], "cannot be handed on by GRUB"),
        (["--append", 'a"b'], "cannot be handed on by GRUB"),
        (["--iso", "/nonexistent.iso"], "there is no boot image /nonexistent.iso"),
        (["--iso", "/dev/null", "--append", "x"], "there is no boot image"),
        (["--command", "one\ntwo"], "is not one line"),
        (["--log", "/nonexistent/log"], "its directory does not exist"),
        (["--screendump", "screen.bmp"], "must be named .png"),
        (["--debugger-script", "/nonexistent"], "no debugger script /nonexistent"),
        (["--gdb", "--debugger-script", "/dev/null"], "give one of them"),
        (["--emulator", "bochs", "--firmware", "uefi"], "Bochs has no --firmware uefi"),
        (["--emulator", "bochs", "--icount"], "Bochs has no --icount"),
        (["--emulator", "bochs", "--gdb"], "Bochs has no --gdb"),
        (["--emulator", "bochs", "--qemu=-device edu"], "Bochs has no --qemu"),
        (["--qemu", "-device 'edu"], "has a quotation mark without its other half"),
        (["--qemu=-device nosuch"], "'nosuch' is not a valid device model name"),
        (["--emulator", "bochs", "--memory", "8G"], "at most 2048M of memory"),
        (["--emulator", "bochs", "--cpu", "nosuch"], "wrong value for parameter 'model'"),
        (["--icount", "--accel", "kvm"], "--icount counts instructions only"),
        (["--cpu", "nosuch"], "unable to find CPU model 'nosuch'"),
        (["--emulator", "vax"], "invalid choice: 'vax'"),
        (["--nosuch"], "unrecognized arguments: --nosuch"),
        (["--display"], "--display needs a display"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusals(built, options, message):  # pylint: disable=unused-argument
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [RUN, *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
        check=False,
    )
    assert done.returncode == 125
    assert message in done.stderr and done.stderr.startswith("tools/run: ")
    assert len(done.stderr.splitlines()) == 1 and not done.stdout


def test_image_that_is_none(run, tmp_path):
    (tmp_path / "empty.iso").write_bytes(b"")
    result = run("--iso", tmp_path / "empty.iso", "--append", "x")
    assert result.status == 125 and "the boot image cannot be derived" in result.errors


@pytest.mark.parametrize("emulator, program", [("qemu", "qemu-system-x86_64"), ("bochs", "bochs")])
def test_emulator_that_is_not_installed(
    built, tmp_path, emulator, program
):  # pylint: disable=unused-argument
    done = subprocess.run(
        [RUN, "--emulator", emulator],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
        check=False,
    )
    assert (
        done.returncode == 125
        and f"{program} is not installed: tools/setup installs it" in done.stderr
    )


def test_help():
    done = subprocess.run([RUN, "--help"], capture_output=True, text=True, check=True)
    for word in ("--emulator", "--memory", "--command", "exit status:", "124", "125"):
        assert word in done.stdout


# --- pictures and debuggers ---


def test_screendump(run, tmp_path):
    picture = tmp_path / "screen.png"
    assert run("--screendump", picture, commands=["true"]).status == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_gdb_script(run, tmp_path):
    script = tmp_path / "script"
    script.write_text("hbreak kernel_main\ncontinue\ninfo symbol $pc\n")
    result = run("--debugger-script", script)
    assert result.status == 0 and "kernel_main in section .text" in result.output


def test_gdb_waits(built):  # pylint: disable=unused-argument
    with subprocess.Popen(
        [RUN, "--gdb", "--accel", "tcg", "--timeout", "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stderr.readline()
        target = re.search(r"target remote localhost:\d+", line)[0]
        done = subprocess.run(
            ["gdb", "-q", "-nx", "-batch", "-ex", target, "-ex", "kill"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "0x000000000000fff0 in ??" in done.stdout
        assert process.wait(20) == 125


def test_bochs_script(run, tmp_path):
    script = tmp_path / "script"
    script.write_text('lb "kernel_main"\nc\ncreg\nq\n')
    result = run("--emulator", "bochs", "--debugger-script", script)
    assert result.status == 0
    assert "(kernel_main+0)" in result.output and "EFER=" in result.output


@pytest.mark.parametrize(
    "emulator, go, show, leave",
    [("qemu", "continue", "info registers rip", "kill"), ("bochs", "c", "r", "q")],
)
def test_script_goes_on_after_the_commands(run, tmp_path, emulator, go, show, leave):
    script = tmp_path / "script"
    script.write_text(f"{go}\n{show}\n{leave}\n")
    result = run(
        "--emulator", emulator, "--debugger-script", script, commands=["echo before the stop"]
    )
    assert result.status == 0
    assert re.search(r"^rip", result.output, re.MULTILINE)
    assert "before the stop" in result.log
