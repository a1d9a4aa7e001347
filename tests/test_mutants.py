"""The list of seeded bugs (tests/mutants/) fits the sources; trying the bugs is long: `make mutants` does it."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/mutants"))

import mutants  # noqa: E402  pylint: disable=wrong-import-position,import-error

MUTANTS = mutants.read_all()


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_applies_once(mutant):
    """A change of the sources has left the bug where it was, and a bug is a change."""
    text = (ROOT / mutant.file).read_text()
    assert mutant.apply(text).split() != text.split()


def test_their_tests_are_there():
    programs = {path.stem for path in (ROOT / "tests").glob("*/*.c")}
    named = {test.removeprefix("plain:") for mutant in MUTANTS for test in mutant.tests if "::" not in test}
    assert named <= programs, f"no such tests: {named - programs}"
    for test in {test for mutant in MUTANTS for test in mutant.tests if "::" in test}:
        file, name = test.split("::")
        assert f"def {name.split('[')[0]}(" in (ROOT / "tests" / file).read_text(), f"no such test: {test}"


def test_there_are_enough():
    assert len(MUTANTS) >= 70
