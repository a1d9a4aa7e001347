"""make lint finds nothing to complain of, and each of its own rules does complain where it is broken."""
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAD = "/* A file of the test. */\n"


def run(*command):
    return subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def test_the_tree_is_clean():
    lint = run("tools/lint")
    assert lint.returncode == 0, lint.stdout


@pytest.fixture
def tree(tmp_path):
    """A small tree that breaks no rule; tree(path, text) adds a file and returns what the checker says."""
    def add(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return run("tools/lint-includes", tmp_path)

    add("include/cocos/abi.h", HEAD + "#include <stdint.h>\n")
    add("libc/include/cocos/sys.h", HEAD + "#include <cocos/abi.h>\n#include <stddef.h>\n")
    add("libc/start.c", HEAD + "#include <cocos/sys.h>\n#include <string.h>\n")
    add("boot/boot_info.h", HEAD + "#include <cocos/abi.h>\n")
    add("kernel/frame.h", HEAD + "#include <stdint.h>\n")
    add("kernel/frame.c", HEAD + '#include "kernel/frame.h"\n#include <cocos/abi.h>\n#include "boot/boot_info.h"\n')
    add("kernel/frame_ptr.h", HEAD + "static inline void *frame_ptr(uintptr_t a) { return (void *)a; }\n")
    add("kernel/x86/arch.h", HEAD + "#include <stdint.h>\n")
    add("kernel/x86/cpu.h", HEAD + '#include "kernel/x86/arch.h"\n')
    add("kernel/x86/cpu.c", HEAD + '#include "kernel/x86/cpu.h"\n#include <cpuid.h>\n')
    add("servers/shell/line.h", HEAD)
    add("servers/shell/main.c", HEAD + '#include <cocos/sys.h>\n#include <stdio.h>\n#include "line.h"\n')
    clean = add("servers/console/ansi.h", HEAD)
    assert clean.returncode == 0 and clean.stdout == "", clean.stdout
    return add


# path, text after the head, what the checker says; the complaint stands in the second line of each file
VIOLATIONS = [
    ("include/cocos/bad.h", "#include <string.h>", "include/ includes only itself and compiler headers"),
    ("include/cocos/bad.h", "#include <cocos/sys.h>", "include/ includes only itself and compiler headers"),
    ("include/cocos/bad.h", '#include "kernel/frame.h"', "include/ includes only itself and compiler headers"),
    ("kernel/bad.c", "#include <string.h>", "kernel/ and boot/ include only themselves"),
    ("kernel/bad.c", "#include <cocos/sys.h>", "kernel/ and boot/ include only themselves"),
    ("kernel/bad.c", '#include "servers/console/ansi.h"', "kernel/ and boot/ include only themselves"),
    ("boot/bad.c", '#include "libc/include/cocos/sys.h"', "kernel/ and boot/ include only themselves"),
    ("kernel/x86/bad.c", "#include <stdio.h>", "kernel/ and boot/ include only themselves"),
    ("kernel/bad.c", '#include "kernel/x86/cpu.h"', "only through kernel/x86/arch.h"),
    ("kernel/bad.c", "#include <cpuid.h>", "only through kernel/x86/arch.h"),
    ("libc/bad.c", '#include "kernel/frame.h"', "libc/ includes only itself, include/ and the C library"),
    ("servers/shell/bad.c", '#include "servers/console/ansi.h"', "a program includes <...> and headers of its own"),
    ("servers/shell/bad.c", '#include "kernel/frame.h"', "a program includes <...> and headers of its own"),
    ("examples/hello/bad.c", '#include "libc/include/cocos/sys.h"', "a program includes <...> and headers of its own"),
    ("tests/system/bad.c", '#include "boot/boot_info.h"', "a program includes <...> and headers of its own"),
    ("servers/shell/bad.c", '#include "../console/ansi.h"', "no '../' in an include"),
    ("kernel/bad.c", '#include "kernel/missing.h"', "is in this tree neither from the top nor beside the file"),
    ("kernel/frame.c", '#include <stdint.h>\n#include "kernel/frame.h"', "own header first: frame.h"),
    ("servers/shell/line.c", '#include <stdio.h>\n#include "line.h"', "own header first: line.h"),
    ("kernel/bad.c", "void *pointer = (void *)(uintptr_t)0xb8000;", "by frame_ptr and frame_of only"),
    ("kernel/bad.c", 'void bad(void) { __asm__ volatile("cli"); }', "no assembly"),
    ("kernel/bad.c", "/* " + 100 * "x" + " */", "line longer than 100 columns"),
    ("tools/bad.py", "# " + 120 * "x", "line longer than 120 columns"),
    ("kernel/bad.c", "\tint tab;", "tab: indent with four spaces"),
    ("kernel/bad.c", "int blank; ", "blank at the end of the line"),
]


@pytest.mark.parametrize("path, text, complaint", VIOLATIONS)
def test_rule_is_enforced(tree, path, text, complaint):
    head = "# A file of the test.\n" if path.endswith(".py") else HEAD
    checked = tree(path, head + text + "\n")
    assert checked.returncode == 1
    assert any(line.startswith(f"{path}:2: ") and complaint in line for line in checked.stdout.split("\n")), \
        checked.stdout


def test_head_comment_is_required(tree):
    """For a .c file beside its header, the header has it."""
    assert tree("servers/shell/line.c", '#include "line.h"\n').stdout == ""
    assert "kernel/bad.c:1: a comment at the head" in tree("kernel/bad.c", "#include <stdint.h>\n").stdout
    assert "tools/bad.py:1: a comment at the head" in tree("tools/bad.py", "import sys\n").stdout


@pytest.mark.parametrize("tool, text, complaint", [
    ("clang-format", "int  x ;\n", "clang-format-violations"),
    ("clang-tidy", "int f(int x);\nint f(int x)\n{\n    return x == x;\n}\n", "misc-redundant-expression"),
])
def test_tool_is_used(tmp_path, tool, text, complaint):
    """In a copy of what lint reads, with one file more."""
    for name in (".clang-format", ".clang-tidy", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tools").mkdir()
    for name in ("lint", "lint-includes"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools")
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/seed.c").write_text(HEAD + text)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    lint = run(tmp_path / "tools/lint")
    assert lint.returncode == 1 and complaint in lint.stdout, f"{tool}:\n{lint.stdout}"
