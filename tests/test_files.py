"""Files: what the boot loader brought along at /, a directory of this machine at /host, programs started from there;
servers that end, hosts and clients that ask for what is not there."""
import os
import re
import resource
import subprocess
from pathlib import Path

import pytest

from test_servers import BAD

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = ROOT / "build/tests/system"
# Without what a test's modules would start before the shell.
QUIET = ["--append", "start=console,keyboard,clock,shell"]


@pytest.fixture
def share(tmp_path):
    path = tmp_path / "share"
    path.mkdir()
    return path


def compile_program(share, name, text):
    """A program of cocOS, as its user compiles one."""
    source = share / f"{name}.c"
    source.write_text(text)
    subprocess.run([ROOT / "libc/cocos-gcc", "-O2", "-Wall", "-o", share / name, source], check=True)


ARGUMENTS = r"""
#include <stdio.h>
#include <unistd.h>
int main(int count, char **words)
{
    char here[300];
    printf("VERSION in %s:", getcwd(here, sizeof here));
    for (int i = 1; i < count; i++)
        printf(" [%s]", words[i]);
    printf("\n");
    return 5;
}
"""


@pytest.mark.parametrize("machine", [["--machine", "pc"], ["--machine", "q35", "--cpus", "2"]], ids=["pc", "q35"])
def test_files(run, share, machine):
    """open, read, write, stat, directories and names, each with its errors, from an ordinary C program; what it wrote
    is here. Open files of programs that end do not fill the servers."""
    directory = share / "directory"
    directory.mkdir()
    (directory / "link").symlink_to("f")
    os.mkfifo(directory / "fifo")
    result = run(*machine, "--share", share, "--module", SYSTEM / "files", *QUIET,
                 commands=["files /host/directory", *["files /host/directory open"] * 6])
    assert result.answer("files /host/directory") == ["files: all is well"]
    assert "FAILED" not in result.output, result.output
    assert sorted(path.name for path in directory.iterdir()) == ["f", "fifo", "link"]
    assert (directory / "f").stat().st_size == 300009 and (directory / "f").read_bytes()[-9:] == b"endonetwo"


def test_native(run, share):
    """Frames without a copy; files and directories that are open when the server ends; what a started program
    inherits: mounts, directory, arguments, files in place of the console."""
    (share / "native").mkdir()
    result = run("--share", share, "--module", SYSTEM / "files_native", *QUIET, commands=["files_native /host/native"])
    assert result.answer("files_native /host/native")[-1] == "files_native: all is well", result.output
    assert "FAILED" not in result.output and not list((share / "native").iterdir())


def test_programs(run, share):
    """A program is run by its path, with any arguments; init refuses what is no program, by file as by module."""
    compile_program(share, "hello", ARGUMENTS.replace("VERSION", "hello"))
    (share / "plain").write_bytes((share / "hello").read_bytes())
    (share / "clock").write_bytes((share / "hello").read_bytes())
    (share / "a name longer than fifteen").write_bytes((share / "hello").read_bytes())
    for name, (make, _) in BAD.items():
        (share / name).write_bytes(make().bytes)
    for path in share.iterdir():
        path.chmod(0o644 if path.name == "plain" else 0o755)
    commands = ["/host/hello one 'two  three' ''", "echo $?", "run /host/../host/./hello", "run host/hello relative",
                "/host/a\\ name\\ longer\\ than\\ fifteen", "/host/plain", "/host/none", "/host", "/host/clock",
                "ps", *(f"/host/{name}" for name in BAD)]
    result = run("--share", share, commands=commands)
    assert result.answer(commands[0]) == ["hello in /: [one] [two  three] []"]
    assert result.answer("echo $?") == ["5"]
    assert result.answer(commands[2]) == ["hello in /:"]
    assert result.answer(commands[3]) == ["hello in /: [relative]"]
    assert result.answer(commands[4]) == ["hello in /:"]
    assert result.answer("/host/plain") == ["/host/plain: the file's permissions do not allow that"]
    assert result.answer("/host/none") == ["/host/none: there is no such file or directory"]
    assert result.answer("/host") == ["/host: it is a directory"]
    assert result.answer("/host/clock") == ["/host/clock: the name is taken"]
    assert re.search(r"ended +5 +a name longer t$", "\n".join(result.answer("ps")), re.MULTILINE)
    errors = (ROOT / "include/cocos/errors.h").read_text()
    for name, (make, code) in BAD.items():
        code = "E_ELF_MAGIC" if not make().bytes else code
        text = re.search(rf'X\({code}, *\d+, "(.*)"\)', errors)[1]
        assert result.answer(f"/host/{name}") == [f"/host/{name}: {text}"]


def test_development(share):
    """Edit, compile, run, and again, while cocOS runs."""
    command = [ROOT / "tools/run", "--accel", "tcg", "--timeout", "100", "--share", share]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as machine:
        try:
            for version in ("first", "second"):
                compile_program(share, "hello", ARGUMENTS.replace("VERSION", version))
                machine.stdin.write("/host/hello now\n")
                machine.stdin.flush()
                lines = iter(machine.stdout.readline, "")
                assert any(line.rstrip() == f"{version} in /: [now]" for line in lines), version
            machine.stdin.close()
            machine.stdout.read()
            assert machine.wait() == 5
        finally:
            machine.kill()


@pytest.mark.takes(20)
def test_recovery(run, share, is_long):
    """The server of /host is ended 50 times (1,000) while a program copies and compares a file, and makes, changes and
    removes names: it sees no error, and the copy is here."""
    times = 1000 if is_long else 50
    (share / "from").write_bytes(os.urandom(300001))
    result = run("--share", share, "--module", SYSTEM / "files_copy", "--module", SYSTEM / "ends_hostfs", *QUIET,
                 commands=[f"run ends_hostfs {times}", "files_copy /host/from /host/to", "ps"],
                 timeout=120 if times == 50 else 1200)
    assert "files_copy: copied, all is well" in result.lines, result.output
    assert result.output.count("init: hostfs is started again") == times
    assert sorted(path.name for path in share.iterdir()) == ["from", "to"]
    assert (share / "from").read_bytes() == (share / "to").read_bytes()


def test_hostile(run, share, tmp_path):
    """Requests that no client makes, in bulk: the servers and init refuse them, live on, and lose no memory."""
    file = tmp_path / "file"
    file.write_bytes(b"\x7fELF")
    (share / "file").write_bytes(b"\x7fELF")
    result = run("--share", share, "--module", SYSTEM / "files_hostile", "--module", file, *QUIET,
                 commands=["files_hostile", "check"])
    assert result.answer("files_hostile") == ["files_hostile: all is well"]
    assert result.answer("check") == ["all invariants hold"]


def test_deadlines(run, share):
    """Requests that run out of time while the server copies: their frames are gone then. It gives them up, and serves
    on."""
    (share / "large").write_bytes(b"\x7fELF" + bytes(1000000))
    result = run("--share", share, "--module", SYSTEM / "files_deadlines", *QUIET, commands=["files_deadlines"])
    assert result.answer("files_deadlines") == [f"{name}: some ran out of time, the same serves on"
                                                for name in ("bootfs", "tmpfs", "hostfs")]


def test_full(share):
    """A file that may not grow there: said in so many words, and the rest goes on."""
    compile_program(share, "fill", r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
    static char piece[100000];
    int file = open("/host/filled", O_CREAT | O_WRONLY, 0600);
    long total = 0, done;
    while ((done = write(file, piece, sizeof piece)) > 0)
        total += done;
    printf("%ld bytes, then: %s\n", total, strerror(errno));
    return close(file);
}
""")
    command = [ROOT / "tools/run", "--accel", "tcg", "--timeout", "60", "--share", share, "--command", "/host/fill",
               "--command", "/host/fill"]
    limit = (1 << 20, 1 << 20)
    # A file of this process's children ends there; without that the signal would end them.
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    written = re.findall(r"^(\d+) bytes, then: File too large", done.stdout, re.MULTILINE)
    assert len(written) == 2 and all(1000000 <= int(bytes) <= 1 << 20 for bytes in written), done.stdout + done.stderr
    assert done.returncode == 0


def test_nothing_shared(run):
    """Without --share there is no /host, which is said; the shell lives on."""
    result = run(commands=["/host/hello", "/hello", "/nothing"])
    assert result.answer("/host/hello") == ["/host/hello: the file server of this path does not run"]
    assert result.answer("/hello") == ["/hello: serving"]
    assert result.answer("/nothing") == ["/nothing: there is no such file or directory"]


def test_share_refused(run, tmp_path):
    """What is no directory is refused before a machine is started."""
    file = tmp_path / "file"
    file.write_text("")
    for path in (tmp_path / "none", file):
        result = run("--share", path)
        assert result.status == 125 and result.errors == f"tools/run: --share {path}: there is no such directory.\n"
    result = run("--share", tmp_path, "--emulator", "bochs")
    assert result.status == 125 and "Bochs has no --share" in result.errors
