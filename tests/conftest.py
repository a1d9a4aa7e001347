"""What the tests share: starting cocOS through tools/run, and showing the serial log where a test
fails."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")


@dataclass
class Run:
    """One run of tools/run, ended: its exit status, the guest's console without escape sequences,
    its own messages."""

    arguments: list
    status: int
    output: str
    errors: str
    log: str

    @property
    def lines(self):
        return self.output.splitlines()

    def answer(self, command):
        """The lines that a command printed, which was typed once at the prompt."""
        lines = self.lines
        start = lines.index(f"cocos> {command}") + 1
        end = next(i for i in range(start, len(lines)) if lines[i].startswith("cocos> "))
        return lines[start:end]


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help="run what is random or repeated as long as a release needs it: hours",
    )


def pytest_configure(config):
    config.addinivalue_line("markers", "long_run: a test of the long run only")
    config.addinivalue_line("markers", "takes(seconds): of one processor, where they are many")
    config.addinivalue_line("markers", "xdist_group(name): these go to one process (make test)")


def takes(item):
    marker = item.get_closest_marker("takes")
    return marker.args[0] if marker is not None else 0


def pytest_collection_modifyitems(config, items):
    """What is marked long_run is not part of make test. What takes long comes first: several
    processes run tests, and none of them is to be left alone with the longest at the end."""
    if not config.getoption("--long"):
        items[:] = [item for item in items if item.get_closest_marker("long_run") is None]
    items.sort(key=takes, reverse=True)


@pytest.fixture(scope="session")
def is_long(request):
    """Whether this is the long run (make test-long)."""
    return request.config.getoption("--long")


@pytest.fixture(scope="session")
def built():
    """Fails a test that needs the system where it is not built."""
    for file in ("build/kernel.elf", "build/cocos.iso", "build/checking/cocos.iso"):
        if not (ROOT / file).is_file():
            pytest.fail(f"{file} is missing: make test builds everything and runs the tests")


@pytest.fixture
def run(built, request, tmp_path):  # pylint: disable=unused-argument
    """run(OPTIONS..., commands=[...]): cocOS by tools/run under TCG, ended after 120 s; gives a
    Run. COCOS_TEST_SECONDS in the environment bounds that."""
    runs = request.node.stash.setdefault(RUNS, [])

    def start(*options, commands=(), stdin=None, timeout=120):
        timeout = min(timeout, int(os.environ.get("COCOS_TEST_SECONDS", timeout)))
        log = tmp_path / f"serial-{len(runs)}.log"
        arguments = [
            str(ROOT / "tools/run"),
            "--accel",
            "tcg",
            "--timeout",
            str(timeout),
            "--log",
            str(log),
            *map(str, options),
        ]
        for command in commands:
            arguments += ["--command", command]
        done = subprocess.run(
            arguments,
            cwd=ROOT,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        text = log.read_text(errors="replace") if log.is_file() else ""
        result = Run(arguments, done.returncode, ESCAPE.sub("", done.stdout), done.stderr, text)
        runs.append(result)
        return result

    return start


RUNS = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    report = (yield).get_result()
    if not report.failed:
        return
    for result in item.stash.get(RUNS, []):
        title = " ".join(result.arguments[1:])
        text = ESCAPE.sub("", result.log).replace("\r\n", "\n")
        report.sections.append(
            (f"serial log of tools/run {title}, status {result.status}", text + result.errors)
        )
