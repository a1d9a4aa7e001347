"""The manifest, and what init does about servers that end: what each gets, who is started again and when not any more,
and what its clients see of it."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = (ROOT / "servers/manifest").read_text()
SYSTEM = ROOT / "build/tests/system"


@pytest.fixture(name="boot")
def fixture_boot(run, tmp_path):
    """boot(LINES, ...): cocOS with these lines behind its own manifest."""

    def start(lines, *options, **more):
        manifest = tmp_path / "manifest"
        manifest.write_text(MANIFEST + lines)
        return run("--module", manifest, *options, **more)

    return start


def line_number(text, word):
    return next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(word))


def states(result):
    """{name: (state, restarts)} of what ps said last."""
    found = re.findall(r"^ *\d+ +(\w+) +(?:-?\d+ +)??(?:(\d+) +)?([\w-]+)$", result.output, re.MULTILINE)
    return {name: (state, int(restarts or 0)) for state, restarts, name in found}


def test_mistakes_are_named(boot):
    """A wrong line is named with its word and the reason; all others hold."""
    result = boot("\nwrong ports=8-7\nconsole\nodd colour=red\ndies calls=* -- well\n", "--module", SYSTEM / "dies",
                  commands=["dies", "echo $?"])
    text = (MANIFEST + "\nwrong ports=8-7\nconsole\nodd colour=red\n")
    assert f"init: manifest, line {line_number(text, 'wrong')}: 8-7: ports are PORT or FIRST-LAST, 0 to 0xffff" \
        in result.lines
    assert f"init: manifest, line {line_number(text, 'odd')}: colour=red: there is no such word in a manifest" \
        in result.lines
    again = len(text.splitlines()) - 1
    assert f"init: manifest, line {again}: console: it has a line already" in result.lines
    assert result.answer("echo $?") == ["0"] and result.status == 0


def test_no_manifest(run, tmp_path):
    """An empty one leaves nothing but the kernel's log."""
    (tmp_path / "manifest").write_text("# nothing\n")
    result = run("--module", tmp_path / "manifest", "--timeout", 10)
    assert "init: shell ended with status 1: nothing takes commands" in result.output


@pytest.mark.parametrize("how, restart, downs", [("badly", "fault", True), ("fault", "fault", True),
                                                 ("well", "always", True), ("well", "fault", False),
                                                 ("badly", "never", False)])
def test_a_server_that_dies_at_birth(boot, how, restart, downs):
    """It is started again, after longer and longer, and then not any more, which is said; the shell stays usable."""
    waits = ["sleep 8"]
    result = boot(f"\ndies restart={restart} -- {how}\n", "--module", SYSTEM / "dies",
                  commands=["echo usable", *waits, "ps", "echo still"])
    # Init's reports may stand between what is typed and what comes of it.
    assert "usable" in result.lines and "still" in result.lines
    down = "init: dies has failed 8 times in a row: it stays down (restart dies)"
    assert (down in result.lines) == downs
    assert result.output.count("init: dies is started again") == (7 if downs else 0)
    assert result.status == 0


def test_calls_outlive_the_server(boot):
    """One capability for all instances: taken calls fail with E_GONE, the next wait for the next instance, which finds
    the memory of the one before."""
    result = boot("\ndies state=1 calls=console restart=always -- fault serve\n",
                  "--module", SYSTEM / "dies", "--module", SYSTEM / "asks",
                  "--append", "start=console,dies,shell", commands=["run asks", "ps"])
    answer = re.findall(r"taken: E_\w+|answered: .*", result.output)
    assert answer == ["taken: E_GONE"] * 3 + ["answered: 0, 42"]
    instances = re.findall(r"^dies: instance (\d) at (\w+)$", result.output, re.MULTILINE)
    assert [number for number, _ in instances] == list("1234") and len({at for _, at in instances}) == 1
    assert states(result)["dies"] == ("serves", 3)


def test_servers_find_what_their_line_names(boot):
    """And nothing else: a server is refused by name, and what it may not call is not started for it."""
    result = boot("\ndies on-demand restart=always -- fault serve\nasks calls=console\n", "--module", SYSTEM / "dies",
                  "--module", SYSTEM / "asks", "--append", "start=console,keyboard,shell", commands=["asks", "ps"])
    assert result.answer("asks") == ["asks: E_RIGHTS"]
    assert "dies" not in states(result)


def test_names_are_kept(boot):
    """A server's name is its own, also while its next instance is not there; and when it stays down, nobody waits."""
    result = boot("\ndies restart=always -- fault serve\n", "--module", SYSTEM / "dies", "--module", SYSTEM / "names",
                  "--append", "start=console,dies,keyboard,shell", commands=["names", "sleep 1"], timeout=60)
    assert "names: 0 failed" in result.lines and "FAILED" not in result.output, result.output


def test_many_programs(boot):
    """Programs that have ended make room for others, however many there were."""
    result = boot("", "--module", f"{SYSTEM / 'dies'} badly", "--append", "start=console,keyboard,shell",
                  commands=["; ".join(["dies"] * 15)] * 4 + ["dies", "echo $?", "ps"])
    assert "could not be started" not in result.output and "no room" not in result.output
    assert result.answer("echo $?") == ["7"]
    numbers = [int(line.split()[0]) for line in result.answer("ps") if line.endswith(" dies")]
    assert len(numbers) <= 17 and max(numbers) > 60


def granted(line):
    """What `caps` shows of the ports and interrupt lines that a manifest's line names."""
    words = [word.partition("=") for word in line.split()]
    return {(key, part) for key, _, value in words if key in ("ports", "interrupts") for part in value.split(",")}


def test_rights(run):
    """Servers have what their lines name, and may not hand it on; at endpoints clients call, and servers serve."""
    names = ["console", "keyboard", "clock"]
    result = run(commands=[f"caps {name}" for name in names])
    for name in names:
        shown = [re.fullmatch(r" *\d+  (\w[\w ]*?) +([-a-z]{8})  (.*)", line) for line in result.answer(f"caps {name}")]
        slots = [match.groups() for match in shown if match]
        ranges = [slot for slot in slots if slot[0] in ("ports", "interrupts", "device memory")]
        line = next(line for line in MANIFEST.splitlines() if line.split()[:1] == [name])
        assert {(kind, what) for kind, _, what in ranges if kind != "device memory"} == granted(line)
        screen = ["b8000-b8fff"] if "devices=screen" in line else []
        assert [what for kind, _, what in ranges if kind == "device memory"] == screen
        assert {rights for _, rights, _ in ranges} <= {"-----u--"}
        calls = {what: rights for kind, rights, what in slots if kind == "endpoint"}
        assert any(what.endswith(f"served by {name}") for what in calls)
        for what, rights in calls.items():
            if "of init" in what or "served by" in what:
                assert rights == ("-rb-----" if what.endswith(f"served by {name}") else "s-------"), what


def test_killed_while_in_use(run):
    """The console and the keyboard end again and again, and the shell goes on."""
    commands = ["restart console", "echo one", "restart keyboard", "echo two"] * 5
    result = run(commands=[*commands, "ps", "run hello", "hello-client you"])
    assert result.lines.count("one") == 5 and result.lines.count("two") == 5
    found = states(result)
    assert found["console"] == ("serves", 5) and found["keyboard"] == ("serves", 5)
    assert "hello, you! (greeting 1)" in result.lines and result.status == 0


def test_what_was_typed_is_kept(run):
    """The console ends with lines typed ahead that nobody has read yet: its next instance has them."""
    result = run(stdin="sleep 1\n" + "restart console\necho one\n" * 5 + "ps\n")
    assert result.lines.count("one") == 5
    assert states(result)["console"] == ("serves", 5) and result.status == 0


def test_restart_is_refused(run):
    result = run(commands=["restart nobody", "echo $?", "restart", "run console", "kill 1"])
    assert result.answer("restart nobody") == ["restart: nobody: no such name"]
    assert result.answer("echo $?") != ["0"]
    assert result.answer("run console")[0].startswith("run: console: ")
    assert result.answer("kill 1")


def test_report(run):
    """What a fault report says: whose memory it was, the registers, where, and who called."""
    result = run("--module", SYSTEM / "faults", commands=["faults vga-write", "faults stack-overflow"])
    report = "\n".join(result.answer("faults vga-write"))
    assert "write at 0x00000000000b8000: not allowed" in report
    assert "that is device of console" in report
    assert re.search(r"rdi 00000000000b8000", report)
    assert re.search(r"in write_at \+ 0x[0-9a-f]+ \(faults \+ 0x[0-9a-f]+\)", report)
    assert re.search(r"called from main \+ 0x[0-9a-f]+", report)
    report = "\n".join(result.answer("faults stack-overflow"))
    assert "that is just below its stack, which is full" in report
    assert report.count("called from overflow") > 5
