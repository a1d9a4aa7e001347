"""make prove: every goal of the ownership core's proof is proved, and of a core with a bug in it, not every one."""
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A bug: what it is called, the file, what stands there, what is put in its place, and what proves its contract.
BUGS = [
    ("a mapping is not counted", "kernel/own.h", "record->mappings++;", ";", "own", "leaf_set"),
    ("an end of a mapping is counted twice", "kernel/own.h", "record->mappings--;", "record->mappings -= 2;", "own",
     "leaf_clear"),
    ("one mapping too many", "kernel/own.h", "record->mappings + more <= MAPPINGS_MAX ? OK",
     "record->mappings + more <= MAPPINGS_MAX + 1 ? OK", "own", "leaf_check_count"),
    ("another domain's frame is one's own", "kernel/own.h", "if (record->owner != owner) {",
     "if (record->owner == 0) {", "own", "own_check"),
    ("a kernel object is memory", "kernel/own.h", "record->type == FRAME_RAM || record->type == FRAME_DIRTY ||",
     "record->type != FRAME_FREE ||", "own", "own_is_memory"),
    ("what is freed keeps its owner", "kernel/own.h", "    record->owner = 0;\n", "", "own", "own_free"),
    ("writable and executable", "kernel/own.h", "(!upper || (rights & MAP_WRITE))", "!upper", "own",
     "leaf_check_rights"),
    ("a leaf without NX", "kernel/own.h", "(leaf->rights & MAP_EXECUTE ? 0 : PTE_NX)", "0", "bits", None),
    ("a leaf that is writable", "kernel/own.h", "(leaf->rights & MAP_WRITE ? PTE_WRITE : 0)", "PTE_WRITE", "bits",
     None),
    ("uses counted in the wrong bit", "kernel/own.h", "return entry + (1ull << LEAF_USES_SHIFT);",
     "return entry + (1ull << (LEAF_USES_SHIFT - 1));", "bits", None),
    ("a record stays on its ring", "kernel/ring.h", "    next->prev = record->prev;\n", "", "ring", "ring_unlink"),
    ("rights of a copy grow", "kernel/slot.h", "(uint8_t)(rights & asked)", "(uint8_t)(rights | asked)", "bits", None),
    ("a range grows by one", "kernel/slot.h", "first - slot->object <= slot->generation - count",
     "first - slot->object <= slot->generation - count + 1", "slot", "cap_covers"),
    ("a badge over a badge", "kernel/slot.h", ": from->badge != 0)", ": false)", "slot", "slot_make_copy"),
    ("a frame that is mapped is released", "proof/machine.h", "error = own_check_free(&records[r], own);", "",
     "machine", "op_release"),
    ("a mapped frame is an object", "kernel/own.h", "record->type != FRAME_DEVICE && record->mappings == 0 ? OK",
     "record->type != FRAME_DEVICE ? OK", "own", "own_check_object"),
    ("a grant over a mapping", "proof/machine.h", "if (error == OK && leaf_is_user(leaves[l_to])) {", "if (false) {",
     "machine", "op_grant"),
    ("a gift is not in the receiver's account", "proof/machine.h", "    owned[to]++;\n", "", "machine", "give_record"),
]


def prove(tree, *options):
    return subprocess.run([tree / "tools/prove", *options], cwd=tree, text=True, timeout=1800,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@pytest.fixture(scope="module", name="copy")
def copied_tree(tmp_path_factory):
    """A copy of what the proof reads, to put bugs into."""
    tree = tmp_path_factory.mktemp("proof") / "tree"
    for folder in ("kernel", "include", "proof", "tools"):
        shutil.copytree(ROOT / folder, tree / folder)
    return tree


@pytest.mark.takes(120)
def test_everything_is_proved():
    done = prove(ROOT)
    counted = re.search(r"^proved (\d+) of (\d+) goals$", done.stdout, re.MULTILINE)
    assert done.returncode == 0 and counted and counted[1] == counted[2], done.stdout
    assert int(counted[2]) > 500


# Every ninth is tried each time, all of them in the long run.
@pytest.mark.parametrize("name, file, good, bad, part, function",
                         [pytest.param(*bug, id=bug[0], marks=[] if index % 9 == 0 else pytest.mark.long_run)
                          for index, bug in enumerate(BUGS)])
def test_a_bug_is_found(copy, name, file, good, bad, part, function):
    """Its goal is named, and the status is not 0."""
    source = (ROOT / file).read_text()
    assert good in source, f"{name}: the place is gone"
    (copy / file).write_text(source.replace(good, bad, 1))
    options = ["--only", part, "--seconds", "2"] + (["--functions", function] if function else [])
    done = prove(copy, *options)
    (copy / file).write_text(source)
    assert done.returncode == 1 and re.search(r"^unproved: ", done.stdout, re.MULTILINE), done.stdout


def test_a_missing_contract_is_found(copy):
    """A function without a contract has nothing to prove: no goals, and that is said."""
    header = copy / "kernel/own.h"
    source = header.read_text()
    function = "static inline void own_forget(struct frame *record)\n{\n    record->owner = 0;\n}\n"
    header.write_text(source.removesuffix("#endif\n") + function + "\n#endif\n")
    done = prove(copy, "--only", "own", "--functions", "own_forget", "--seconds", "5")
    header.write_text(source)
    assert done.returncode == 1, done.stdout


def test_missing_tools_are_named(tmp_path):
    """Without Frama-C nothing counts as proved."""
    done = subprocess.run(["/usr/bin/python3", ROOT / "tools/prove"], env={"PATH": str(tmp_path)}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 1 and "not installed: frama-c, why3, z3, cvc4" in done.stdout
