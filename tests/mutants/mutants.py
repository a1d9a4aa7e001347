"""Reads the list of mutants: the bugs that `make mutants` seeds, to see whether the tests find them.

Every file NAME.ini of this folder is a part of the list; a section is a mutant:

    [name]
    file = the source file that gets the bug
    bug = what is wrong then
    old = the text that is replaced, which occurs exactly once
    new = what stands there instead
    tests = what is likely to find it, tried first (default: that of the file's section DEFAULT): programs of
            tests/host/, of tests/system/ on the checking kernel, or as plain:NAME on the plain one; smp_*: with
            two CPUs; FILE.py::TEST: of tests/
    reason = of one that no test can find: why

Text is compared by its words: how it is laid out does not matter.
"""
import configparser
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
KEYS = {"file", "bug", "old", "new", "tests", "reason"}


class BadMutant(Exception):
    """A mutant that says nothing that can be done."""


@dataclass
class Mutant:
    """One bug to be seeded."""

    name: str
    file: str
    bug: str
    old: str
    new: str
    tests: list
    reason: str

    def apply(self, text):
        """The text of its file with the bug in it."""
        pattern = r"\s+".join(map(re.escape, self.old.split()))
        found = list(re.finditer(pattern, text))
        if len(found) != 1:
            raise BadMutant(f"{self.name} is stale: its text occurs {len(found)} times in {self.file}")
        return text[:found[0].start()] + self.new + text[found[0].end():]


def read_part(path):
    """The mutants of one file of the list."""
    part = configparser.ConfigParser(delimiters="=", comment_prefixes="#", interpolation=None)
    part.read_string(path.read_text())
    mutants = []
    for name in part.sections():
        keys = part[name]
        if set(keys) - KEYS or not all(keys.get(key) for key in ("file", "bug", "old")) or "new" not in keys:
            raise BadMutant(f"{name} ({path.name}) must have file, bug, old and new, and may have tests and reason")
        mutants.append(Mutant(name, keys["file"], " ".join(keys["bug"].split()), keys["old"], keys["new"],
                              keys.get("tests", "").split(), " ".join(keys.get("reason", "").split())))
    return mutants


def read_all():
    """The whole list."""
    mutants = [mutant for path in sorted(FOLDER.glob("*.ini")) for mutant in read_part(path)]
    names = [mutant.name for mutant in mutants]
    for name in names:
        if names.count(name) > 1:
            raise BadMutant(f"there are two mutants called {name}")
    return mutants
