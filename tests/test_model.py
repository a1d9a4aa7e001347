"""Spin goes through every state of the models in tests/model/: nothing that must hold is broken, and each seeded bug
breaks something."""
import re
import subprocess
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parent / "model"
# Of many small states each is better kept packed; of few large ones the packing takes most of the time.
COLLAPSE = {"handover": ["-DCOLLAPSE"], "messages": []}
DEPTH = 10000000  # steps of a path: more than any has; Spin says so where it is too few


def search(directory, model, defines, optimize="-O0"):
    """What Spin's verifier of this model says. LIVE... among the defines: a search for cycles, of weakly fair paths."""
    def step(*command):
        done = subprocess.run(command, cwd=directory, text=True, timeout=1800, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    live = any(define.startswith("LIVE") for define in defines)
    step("spin", "-a", *(f"-D{define}" for define in defines), MODELS / f"{model}.pml")
    step("gcc", optimize, "-w", "-DMEMLIM=4000", *(["-DNFAIR=4"] if live else ["-DSAFETY", *COLLAPSE[model]]),
         "-o", "pan", "pan.c")
    return step("./pan", f"-m{DEPTH}", "-w22", *(["-a", "-f"] if live else []))


def is_complete(said):
    return "max search depth too small" not in said and "Search not completed" not in said


# A configuration: the model, what it defines, how many states at least; the others are for the long run.
SMALL = ["SERVERS=1", "SLOTS=1"]
CHAIN = ["CHAIN", "CLIENTS=1", "ENDPOINTS=2", "DOMAINS=2"]
SEARCHES = [
    ("messages", [], 30000),
    ("messages", ["DOMAINS=2", "SLOTS=1"], 30000),
    ("messages", [*CHAIN, "SLOTS=1"], 50000),
    ("messages", ["SERVERS=1", "ENDPOINTS=2"], 100000),
    ("messages", ["LIVE_DEADLINE", "SERVERS=1"], 1000),
    ("messages", ["LIVE_CLOSE", "SERVERS=1"], 1000),
    ("messages", ["LIVE_SERVED", "CLIENTS=3", *SMALL], 50),
    ("handover", [], 100000),
    ("handover", ["CPUS=3"], 5000000),
    ("handover", ["LIVE"], 100000),
]
LONG_SEARCHES = [
    ("messages", ["CLIENTS=3"], 400000),
    ("messages", CHAIN, 1000000),
    ("messages", ["CLIENTS=3", "DOMAINS=2", "SLOTS=1"], 300000),
    ("messages", ["ENDPOINTS=2", "SLOTS=1"], 60000),
]


@pytest.mark.parametrize("model, defines, states", [
    *(pytest.param(*case, id="-".join([case[0], *case[1]])) for case in SEARCHES),
    *(pytest.param(*case, id="-".join([case[0], *case[1]]), marks=pytest.mark.long_run) for case in LONG_SEARCHES)])
def test_nothing_is_broken(tmp_path, model, defines, states):
    said = search(tmp_path, model, defines, "-O1" if states > 1000000 else "-Og" if states > 1000 else "-O0")
    assert "errors: 0" in said and is_complete(said), said
    assert int(re.search(r"(\d+) states, stored", said)[1]) >= states, said
    if not any(define.startswith("LIVE") for define in defines):
        # All that is written down takes place: what has no way to happen would show nothing.
        assert not [line for line in re.findall(r"^\t\S+\.pml:\d+, .*", said, re.MULTILINE) if '"-end-"' not in line]


ASSERTION, END, CYCLE = "assertion violated", "invalid end state", "acceptance cycle"
BUGS = [
    ("messages", "BUG_CALLER_KEPT", [], ASSERTION),
    ("messages", "BUG_CALLER_OVERWRITTEN", [], ASSERTION),
    ("messages", "BUG_WAIT_MISSES_SIGNAL", [], ASSERTION),
    ("messages", "BUG_SENDER_NOT_PENDING", [], ASSERTION),
    ("messages", "BUG_CLOSING_NOT_PENDING", [], ASSERTION),
    ("messages", "BUG_EPOCH_KEPT", [], ASSERTION),
    ("messages", "BUG_EXPIRE_KEEPS_REPLY", [], ASSERTION),
    ("messages", "BUG_STOP_KEEPS_CALLER", [], ASSERTION),
    ("messages", "BUG_ANSWERER_DANGLES", [], ASSERTION),
    ("messages", "BUG_DYING_CALLS", [], ASSERTION),
    ("messages", "BUG_DYING_RECEIVERS_STAY", ["DOMAINS=2", "SLOTS=1"], ASSERTION),
    ("messages", "BUG_NO_TIMER_FOR_ANSWERS", ["LIVE_DEADLINE", "SERVERS=1"], CYCLE),
    ("messages", "BUG_CLOSING_TAKES_CALLS", ["LIVE_CLOSE", "SERVERS=1"], CYCLE),
    ("messages", "BUG_LAST_COMES_FIRST", ["LIVE_SERVED", "CLIENTS=3", *SMALL], CYCLE),
    ("handover", "BUG_NOT_AWAITED", [], ASSERTION),
    ("handover", "BUG_ANSWER_FIRST", [], ASSERTION),
    ("handover", "BUG_IDLE_NOT_ASKED", [], ASSERTION),
    ("handover", "BUG_ROOT_STAYS", [], ASSERTION),
    ("handover", "BUG_ROOT_TAKEN_FOR_LOADED", [], ASSERTION),
    ("handover", "BUG_NO_SECOND_LOOK", [], ASSERTION),
    ("handover", "BUG_NOT_FORGOTTEN", [], ASSERTION),
    ("handover", "BUG_SPIN_IS_SILENT", [], END),
    ("handover", "BUG_SPIN_IS_SILENT", ["LIVE"], CYCLE),
]


@pytest.mark.parametrize("model, bug, defines, kind", BUGS, ids=["-".join([bug[1], *bug[2]]) for bug in BUGS])
def test_a_bug_is_found(tmp_path, model, bug, defines, kind):
    said = search(tmp_path, model, [*defines, bug])
    assert "errors: 1" in said and kind in said, said


def test_every_bug_is_sought():
    written = {(path.stem, bug) for path in MODELS.glob("*.pml")
               for bug in re.findall(r"\bBUG_[A-Z_]+[A-Z]\b", path.read_text())}
    assert written == {(model, bug) for model, bug, _, _ in BUGS}
