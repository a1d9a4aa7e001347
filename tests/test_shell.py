"""The shell: quoting, connections, files, pipes, scripts, what it shows of the machine, and Ctrl-C."""
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = ROOT / "build/tests/system"


def script(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return "--module", path


def session(run, commands, *options):
    """One boot; {command: what it printed}. Fails at the first command that printed something else."""
    result = run("--module", SYSTEM / "programs", *options, commands=list(commands))
    for command, expected in commands.items():
        answer = result.answer(command)
        if isinstance(expected, re.Pattern):
            assert expected.search("\n".join(answer)), (command, answer)
        elif expected is not None:
            assert answer == expected, (command, answer)
    return result


PROGRAM = ["pi is 3.141593, the root of two is 1.414e+00", "all is well"]


def test_language(run, tmp_path):
    """Words reach programs as they were quoted; what runs follows from statuses; scripts."""
    modules = [
        *script(tmp_path, "greet", "#!shell\n# says hello\necho $0 \"$1\" $# '$1'\n\nfalse || echo or\n"
                "exit 7\necho never\n"),
        *script(tmp_path, "broken", "#!\necho one\necho 'two\necho three\n"),
        *script(tmp_path, "nested", "#!\nsource /greet inner\necho then $?\n"),
        *script(tmp_path, "endless", "#!\nendless\n"),
    ]
    session(run, {
        r"""programs 'one  x' "" a\ b "it's" '|;&' > /tmp/words; cat /tmp/words""":
            ["argument 1: one  x", "argument 2: ", "argument 3: a b", "argument 4: it's", "argument 5: |;&", *PROGRAM],
        "echo a;echo b ; echo c # d": ["a", "b", "c"],
        "false && echo no || echo yes; true || echo no": ["yes"],
        "false; echo $?; true; echo $?": ["1", "0"],
        "programs x | cat > /tmp/x && cat /tmp/x; programs > /tmp/x; echo $?": ["argument 1: x", *PROGRAM, "42"],
        "echo 'open": ["shell: a quotation is not closed"],
        "echo one; echo two |": ["shell: an operator has no command beside it"],
        "nobody here; echo $?": ["nobody: no such command (try help)", "127"],
        "run echo": ["run: echo: no such name"],
        "greet 'one two'; echo $?": ["greet one two 1 $1", "or", "7"],
        "broken; echo $?": ["one", "broken: line 3: a quotation is not closed", "2"],
        "nested": ["/greet inner 1 $1", "or", "then 7"],
        "endless; echo $?": ["endless: line 1: scripts run scripts too deeply", "2"],
        "exit": ["exit: no script runs (poweroff turns the machine off)"],
        "source /nothing": ["/nothing: there is no such file or directory"],
        "programs > /tmp/behind & echo next": re.compile(r"^\[\d+\]\nnext$"),
        "source /greet | cat": ["source: what a script prints goes to the console only"],
        "greet > /tmp/out; ls /tmp/out; rm /tmp/out":
            ["greet: what a script prints goes to the console only", "/tmp/out"],
        "echo x &": ["&: only a single program runs in the background"],
    }, *modules)


def test_files(run, tmp_path):
    """Files are made, listed, copied, moved, removed, and read as commands' inputs; what fails is said."""
    (tmp_path / "share").mkdir()
    (tmp_path / "share/note").write_text("from the host\n")
    session(run, {
        "echo one > /tmp/a; echo two >> /tmp/a; cat < /tmp/a": ["one", "two"],
        "mkdir /tmp/d /tmp/d/e && cp /tmp/a /tmp/d; ls /tmp/d": re.compile(r"^a +e$"),
        "cp -r /tmp/d /tmp/f; ls -l /tmp/f": re.compile(r"^-rw-r--r-- +8 .* a\ndrwx.* e$"),
        "cp /tmp/d /tmp/g": ["cp: /tmp/d: Is a directory"],
        "cp -r /tmp/d /tmp/d/e": ["cp: /tmp/d: cannot be copied into itself"],
        "rm /tmp/f; rm -r /tmp/f; ls /tmp": re.compile(r"^rm: /tmp/f: Is a directory\na +d +words|^rm.*\na +d$"),
        "mv /tmp/a /tmp/d/e/b; cat /tmp/d/e/b /tmp/a": ["one", "two", "cat: /tmp/a: No such file or directory"],
        "cd /tmp/d; pwd; ls ../d/./e; cd nowhere": ["/tmp/d", "b", "nowhere: there is no such file or directory"],
        "cd; mkdir -p /tmp/x/y/z; ls -l /tmp/x": re.compile(r"^drwx.* y$"),
        "echo x > /hello; cat < /; rm /hello": ["/hello: this file system can only be read", "/: it is a directory",
                                                "rm: /hello: Read-only file system"],
        "cp /programs /tmp/p && /tmp/p 1": ["argument 1: 1", *PROGRAM],
        "cat /host/note; echo back > /host/reply; ls /host": re.compile(r"^from the host\nnote +reply$"),
        "cp /programs /host/p; /host/p 2; echo $?": ["argument 1: 2", *PROGRAM, "42"],
        "/host/note; echo $?": ["/host/note: the file's permissions do not allow that", "1"],
        "echo '#!' > /host/run; echo 'echo ran $1' >> /host/run; cat /host/run": ["#!", "echo ran $1"],
        "source /host/run x": ["ran x"],
    }, "--share", tmp_path / "share")
    assert (tmp_path / "share/reply").read_text() == "back\n"
    assert (tmp_path / "share/p").read_bytes() == (SYSTEM / "programs").read_bytes()


def test_pipes(run):
    """More than a pipe holds goes through it whole; its ends end what is at the other."""
    frames = "--module", SYSTEM / "frames_free"
    result = session(run, {
        "cat /shell | cat | cat > /tmp/copy; cp /shell /tmp/shell; ls -l /tmp": None,
        "rm /tmp/copy /tmp/shell": [],
        "frames_free": None,
        "echo a b | cat | cat": ["a b"],
        "help | cat | cat > /tmp/help; cat < /tmp/help": re.compile(r"poweroff +\[STATUS\]"),
        "cat /shell | true; echo $?": ["0"],
        "cat /shell | nobody; echo $?": ["nobody: no such command (try help)", "127"],
        "nobody | cat; echo $?": ["nobody: no such command (try help)", "0"],
        "true | false; echo $?": ["1"],
        "mem | cat /nothing; echo $?": ["cat: /nothing: No such file or directory", "1"],
        "ls -l /tmp | cat": re.compile(r"^-rw.* help$"),
        "rm /tmp/help": [],
        "frames_free ": None,
    }, *frames)
    sizes = re.findall(r"^-r\S+ +(\d+) .* (?:copy|shell)$", result.output, re.MULTILINE)
    assert len(sizes) == 2 and sizes[0] == sizes[1] and int(sizes[0]) > 65536
    free = [int(result.answer(command)[0].split()[-1]) for command in ("frames_free", "frames_free ")]
    assert free[1] >= free[0] - 64, f"pipes and files leave frames behind: {free}"


def test_the_machine(run):
    """caps, irq and top tell what is so."""
    result = session(run, {
        "caps console": None, "caps serial": None, "caps 4": None,
        "caps nobody": ["caps: nobody: no such name"], "caps": None, "irq": None, "top 1": None,
        "spins & top 1; kill 8": None, "top x": ["usage: top [SECONDS]"],
    }, "--module", SYSTEM / "spins", "--append", "start=console,keyboard,clock,shell")
    console = "\n".join(result.answer("caps console"))
    serial = "\n".join(result.answer("caps serial"))
    assert re.search(r"^ +\d+  ports +-----u--  0x3f8-0x3ff$", serial, re.MULTILINE)
    assert re.search(r"^ +\d+  interrupts +-----u--  4$", serial, re.MULTILINE)
    assert re.search(r"^ +\d+  endpoint +-rb-----  [0-9a-f]+, served by console$", console, re.MULTILINE)
    assert result.answer("caps 4")[0] == "keyboard"
    lines = "\n".join(result.answer("irq"))
    assert re.search(r"^ +1  pin +edge +\d+  keyboard$", lines, re.MULTILINE)
    count = re.search(r"^ +4  pin +edge +(\d+)  serial$", lines, re.MULTILINE)
    assert int(count[1]) > 10
    assert re.match(r"1 processor, [\d.]+ % idle$", result.answer("top 1")[0])
    busiest = [line for line in result.answer("spins & top 1; kill 8") if "%  " in line][0]
    assert re.match(r" *(\d+)\.\d%  spins ", busiest) and float(busiest.split("%")[0]) > 50


def test_watches(run):
    """What Ctrl-C and the shell's waiting rest on, against whoever asks for too much of it."""
    result = run("--module", SYSTEM / "watches", commands=["watches", "watches", "echo after"])
    assert result.output.count("watches: all is well") == 3 and "after" in result.lines


def test_script_at_boot(run, tmp_path):
    """The kernel's command line names one."""
    result = run(*script(tmp_path, "boot", "echo booted $#\nexit 3\n"), "--append",
                 "start=console,shell:/boot", commands=["echo $?"])
    assert "booted 0" in result.lines and result.answer("echo $?") == ["3"]


class Terminal:
    """tools/run at a terminal, which a person types at."""

    def __init__(self, *options):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen([ROOT / "tools/run", "--accel", "tcg", "--timeout", "100", *map(str, options)],
                                        stdin=slave, stdout=slave, stderr=slave, cwd=ROOT)
        os.close(slave)
        self.text = self.raw = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def comes(self, text, seconds):
        """Whether it has been printed since what was last waited for."""
        end = time.monotonic() + seconds
        while text not in self.text:
            if not select.select([self.master], [], [], max(0, end - time.monotonic()))[0]:
                return False
            self.raw += os.read(self.master, 4096).decode(errors="replace")
            self.text = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", self.raw)
        return True

    def wait_for(self, text, seconds=60):
        """Until it has been printed; what came before."""
        assert self.comes(text, seconds), f"no {text!r} in {self.text!r}"
        before, self.text = self.text.split(text, 1)
        self.raw = self.text
        return before


@pytest.fixture
def terminal(built):  # pylint: disable=unused-argument
    opened = []

    def start(*options):
        opened.append(Terminal(*options))
        return opened[0]

    yield start
    for each in opened:
        os.close(each.master)
        each.process.terminate()
        each.process.wait(timeout=20)


def test_interrupt(terminal):
    """Ctrl-C ends what runs, all of a pipeline and the rest of the line; also behind a new console."""
    screen = terminal()
    screen.wait_for("cocos> ")
    for command in ("echo run; cat | cat; echo rest", "echo run; sleep 1000; echo rest",
                    "echo run; restart console; cat; echo rest"):
        screen.type(command + "\r")
        screen.wait_for("\nrun")
        # A new console hears of the shell within a second or so; until then, it is typed.
        for _ in range(40):
            screen.type("\x03")
            if screen.comes("cocos> ", 1):
                break
        assert "rest" not in screen.wait_for("cocos> ")
        screen.type("echo status $?\r")
        screen.wait_for("\nstatus 130")
        screen.wait_for("cocos> ")
    screen.type("ps\r")
    assert not re.search(r"runs +tools", screen.wait_for("cocos> "))
    screen.type("ec\t'  x'\r")
    screen.wait_for("\n  x")
    screen.wait_for("cocos> ")
    screen.type("cat /man\t\r")
    screen.wait_for("console   ports=")
    screen.wait_for("cocos> ")
    screen.type("cat > /tmp/typed\r")
    screen.wait_for("\n")
    screen.type("wrong\x15one\rtwoo\x7f\r\x04")
    screen.wait_for("cocos> ")
    screen.type("cat /tmp/typed\r")
    assert screen.wait_for("cocos> ").split() == ["cat", "/tmp/typed", "one", "two"]
    screen.type("top\r")
    screen.wait_for("idle; any key ends this")
    screen.type("q")
    screen.wait_for("cocos> ")
    screen.type("restart shell\r")
    screen.wait_for("cocos> ")
    screen.type("man\x12\r")  # what was typed to the shell before
    screen.wait_for("console   ports=")


def test_progress(run):
    """What takes long says how far it is, and takes that back. In Bochs, whose second is one of few instructions."""
    result = run("--emulator", "bochs", timeout=120, commands=[
        f"cat {'/shell ' * 8} > /tmp/a", f"cat {'/tmp/a ' * 6} > /tmp/b", "cp /tmp/b /tmp/c", "ls -l /tmp",
        "echo done"])
    shown = re.findall(r"cp: /tmp/b: (\d+) %", result.log)
    assert shown and all(0 < int(percent) <= 100 for percent in shown)
    sizes = {name: size for size, name in re.findall(r"^-\S+ +(\d+) .* (\w)$", result.output, re.MULTILINE)}
    assert sizes["b"] == sizes["c"] and result.answer("echo done") == ["done"]
