"""The README's promises, to the letter."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def compile_server(folder):
    """The server that the README shows compiles without a warning."""
    source = folder / "echo.c"
    source.write_text(re.search(r"```c\n(.*?)```", README, re.DOTALL)[1])
    subprocess.run([ROOT / "libc/cocos-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", folder / "echo", source],
                   check=True)


def test_first_server(run, tmp_path):
    """It starts as a module, too, and serves."""
    compile_server(tmp_path)
    result = run("--module", tmp_path / "echo", commands=["ps"])
    assert re.search(r"serves +echo$", "\n".join(result.answer("ps")), re.MULTILINE)


def test_folder_for_ones_own_is_left_alone(tmp_path):
    """What a user writes where the README says so is neither git's nor lint's."""
    ignored = subprocess.run(["git", "check-ignore", "my/echo.c"], cwd=ROOT, capture_output=True, check=False)
    assert ignored.returncode == 0
    (tmp_path / "my").mkdir()
    (tmp_path / "my/echo.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    assert subprocess.run([ROOT / "tools/lint-includes", tmp_path], check=False).returncode == 0


def test_transcripts(run, tmp_path):
    """What the README shows of sessions is what sessions show, with its server in the folder that is shared."""
    compile_server(tmp_path)
    shown = re.findall(r"((?:^    cocos> .*\n(?:    .*\n)*)+)", README, re.MULTILINE)
    assert len(shown) == 2
    for text in shown:
        result = run("--share", tmp_path, commands=re.findall(r"^    cocos> (.*)$", text, re.MULTILINE))
        for line in text.splitlines():
            assert line.strip() in result.lines, line


def test_every_link_leads_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "doc").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert "://" in link or (page.parent / link).exists(), f"{page}: {link}"


def test_every_command_is_there():
    """Makefile targets and tools that the documents name exist."""
    makefile = (ROOT / "Makefile").read_text()
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text()
        for target in re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.MULTILINE):
            assert re.search(rf"^(?:[\w -]*\s)?{target}:|PHONY:.*\b{target}\b", makefile, re.MULTILINE), target
        for tool in re.findall(r"\b((?:tools|libc)/[a-z-]+)\b(?!\.)", text):
            assert (ROOT / tool).exists(), tool
