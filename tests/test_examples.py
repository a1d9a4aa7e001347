"""The examples that draw: the console lends them its screen, and has it again whatever becomes of them."""
import json
import re
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parent.parent
BORROWER = ROOT / "build/tests/system/borrower"
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
FRAME = 4096
PICTURES_MAX = 60

# Of examples/memmap/layout.c, for a machine of 512 MiB and a screen of 1280 x 800.
FREE, KERNEL, RESERVED = (0x31, 0x3c, 0x49), (0xf5, 0xb8, 0x3d), (0x5d, 0x64, 0x72)
GRID, SIDE, STEP, COLUMNS = (144, 104), 32, 35, 16


def picture_of(path):
    return Image.open(path).convert("RGB")


@pytest.fixture(scope="module")
def reference(built, tmp_path_factory):  # pylint: disable=unused-argument
    """What the screen shows after `clear` and `echo done` of a console that never lent it."""
    path = tmp_path_factory.mktemp("reference") / "screen.png"
    subprocess.run([ROOT / "tools/run", "--accel", "tcg", "--timeout", "120", "--firmware", "uefi", "--screendump",
                    path, "--command", "clear", "--command", "echo done"], check=True, capture_output=True)
    return picture_of(path)


@pytest.fixture
def run_on_screen(run, tmp_path, reference):
    """Runs commands on a machine with a framebuffer; at the end the console must have all of it."""
    def start(*options, commands):
        path = tmp_path / "after.png"
        result = run("--firmware", "uefi", "--screendump", path, *options, commands=[*commands, "clear", "echo done"])
        assert result.status == 0
        assert ImageChops.difference(picture_of(path), reference).getbbox() is None, "the console is not as it was"
        return result

    return start


class Monitor:
    """QEMU's control connection."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.answers = self.socket.makefile("rb")
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        for line in self.answers:
            answer = json.loads(line)
            if "return" in answer or "error" in answer:
                return answer
        raise OSError("the machine has ended")

    def picture(self, path):
        assert "return" in self.ask("screendump", filename=str(path), format="png")
        return picture_of(path)


def spread(pictures):
    """Of the width and of the height, how much of it changed from the first to the last."""
    box = ImageChops.difference(pictures[0], pictures[-1]).getbbox() or (0, 0, 0, 0)
    return (box[2] - box[0]) / pictures[0].width, (box[3] - box[1]) / pictures[0].height


def watch_plasma(directory, found):
    """Takes pictures while plasma runs, and ends it with a key: when nearly all of what is shown has
    changed, not only the rate in its corner, or after as many as are plenty. One picture alone may
    be taken while the next is half copied."""
    log = directory / "serial-0.log"
    while not log.is_file() or b"plasma" not in log.read_bytes():
        time.sleep(0.1)
    monitor = Monitor(directory / "monitor")
    while len(found) < PICTURES_MAX and (len(found) < 2 or min(spread(found)) < 0.9):
        picture = monitor.picture(directory / "plasma.png")
        if picture.getcolors(200) is None:  # colourful
            found.append(picture)
        time.sleep(0.3)
    monitor.ask("send-key", keys=[{"type": "qcode", "data": "x"}])


def test_plasma(run_on_screen, tmp_path):
    """It moves, it ends on a key, and then the console is there as before."""
    found = []
    thread = threading.Thread(target=watch_plasma, args=(tmp_path, found), daemon=True)
    thread.start()
    result = run_on_screen("--qemu", f"-qmp unix:{tmp_path / 'monitor'},server=on,wait=off", commands=["plasma"])
    thread.join(10)
    assert re.search(r"^plasma: \d+ pictures of \d+ x \d+$", result.output, re.MULTILINE)
    assert len(found) > 1 and min(spread(found)) >= 0.9


def test_plasma_counts(run_on_screen):
    """With an argument it draws so many, and can do so again."""
    result = run_on_screen(commands=["plasma 3", "plasma 2"])
    assert re.findall(r"^plasma: (\d+) pictures", result.output, re.MULTILINE) == ["3", "2"]


@pytest.mark.parametrize("end", ["exit", "fault", "late"])
def test_borrower_ends(run_on_screen, end):
    """Whoever ends without giving the screen back loses it, and whoever has given it back cannot write to it."""
    result = run_on_screen("--module", f"{BORROWER} {end}", commands=["plasma 2"])
    assert result.answer("plasma 2")[0].startswith("plasma: 2 pictures")
    said = re.findall(r"^borrower: (E_\w+|OK|0|\w[\w ]*)(?:, (\w+))?$", result.output, re.MULTILINE)
    assert said[0] == ("E_ARGUMENT", "E_NOT_GRANTED")
    assert said[1][1] == "E_BUSY"
    assert ("page fault" in result.output) == (end == "late")
    assert ("invalid opcode" in result.output) == (end == "fault")


def test_borrower_is_killed(run_on_screen):
    """While one has it nobody else gets it; killed, it has it no more, and the console draws again."""
    result = run_on_screen("--module", f"{BORROWER} hold", "--append", "start=console,borrower,shell",
                           commands=["plasma 2", "kill 4", "plasma 3"])
    assert result.answer("plasma 2")[0].startswith("plasma: the screen cannot be borrowed")
    assert result.answer("plasma 3")[0].startswith("plasma: 3 pictures")


def test_console_ends_while_the_screen_is_lent(run_on_screen):
    """Its next instance has the screen, and lends it again; the borrower has it no more."""
    result = run_on_screen("--module", f"{BORROWER} hold", "--append", "start=console,borrower,shell",
                           commands=["restart console", "plasma 3"])
    assert result.answer("plasma 3")[0].startswith("plasma: 3 pictures")


@pytest.mark.parametrize("program", ["plasma", "memmap"])
def test_no_framebuffer(run, program):
    """On a text screen there is one sentence, and nothing has happened."""
    result = run(commands=[program, "echo $?"])
    assert result.answer(program) == [f"{program}: this machine has no framebuffer of 32 bits a pixel"]
    assert result.answer("echo $?") == ["1"]


def bytes_of(text):
    number, unit = text.split()
    return float(number) * UNITS[unit]


@pytest.fixture(scope="module")
def memory_picture(built, tmp_path_factory):  # pylint: disable=unused-argument
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    subprocess.run([ROOT / "tools/picture", path, "--accel", "tcg"], check=True, timeout=150)
    return path


def test_picture(memory_picture):
    """make picture writes a PNG that is fit for a page."""
    assert memory_picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert 5000 < memory_picture.stat().st_size < 100000
    assert picture_of(memory_picture).size == (1280, 800)
    kept = ROOT / "doc/memmap.png"
    assert kept.stat().st_size < 100000 and picture_of(kept).size == (1280, 800)


def test_picture_agrees(run_on_screen, memory_picture):
    """Half a frame a pixel: the squares are what `mem` and `vm` say of the same machine."""
    result = run_on_screen(commands=["mem", "memmap 1", "vm"])
    total, free = map(int, re.search(r"memmap: (\d+) frames, (\d+) free", result.output).groups())
    sizes = dict(re.findall(r"^(total|free) +([\d.]+ \w+)", "\n".join(result.answer("mem")), re.MULTILINE))
    assert abs(total * FRAME - bytes_of(sizes["total"])) < 0.1 * 2**20
    # Its own memory is gone by then, and that is hardly more than a picture.
    assert 4 * 2**20 < bytes_of(sizes["free"]) - free * FRAME < 6 * 2**20

    image = picture_of(memory_picture)
    rows = [GRID[1] + STEP * row for row in range(16)]  # 512 MiB
    pixels = [image.getpixel((GRID[0] + STEP * column + x, y + line)) for y in rows for column in range(COLUMNS)
              for line in range(SIDE) for x in range(SIDE)]
    assert abs(pixels.count(FREE) / 2 - free) < 64
    text = result.answer("vm")
    frames = {name: int(count) for line in text for name, count in
              re.findall(r"^(\w[\w ]*?) +[\d.]+ [KMGT]iB +(\d+)", line)}
    kernel = frames["kernel"] + frames.get("records", 0) + frames["system page"]
    assert abs(kernel - pixels.count(KERNEL) / 2) < 16
    for start, end in re.findall(r"^([0-9a-f]{12})-([0-9a-f]{12}) +\S+ \w+ +reserved", "\n".join(text), re.MULTILINE):
        if int(end, 16) < 512 << 20:
            assert pixels[(int(start, 16) + 4096) // 2048] == RESERVED or int(end, 16) - int(start, 16) < 8192
