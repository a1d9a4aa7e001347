"""Device memory: a BAR above all RAM, and the linear framebuffer, used by programs in ring 3 at their own addresses
(tests/system/device_*.c in init's place). What else there is to claiming: tests/system/calls_device.c."""
import mmap
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
KERNELS = {"checking": ROOT / "build/checking/kernel.elf", "plain": ROOT / "build/kernel.elf"}
GIB = 1 << 30
MARK = 0x636F634F53000000


@pytest.fixture
def run_as_init(run, tmp_path):
    def start(kernel, program, *options):
        init = tmp_path / "init"
        shutil.copy(ROOT / "build/tests/system" / program, init)
        iso = tmp_path / "test.iso"
        subprocess.run([ROOT / "tools/iso", iso, ROOT / "grub.cfg", KERNELS[kernel], init], check=True)
        return run("--iso", iso, *options, timeout=200)

    return start


def check_verdict(result):
    verdict = re.search(r"^(\d+) checks, (\d+) failed$", result.output, re.MULTILINE)
    assert verdict and int(verdict[2]) == 0, result.output
    assert result.status == 0


@pytest.mark.parametrize("bits", [39, 52])
def test_address_bits(run_as_init, bits):
    """The last addresses there are, and the first that are none: 2^47 is the end of what can be a frame's name."""
    cpu = f"max,phys-bits={bits},vendor=GenuineIntel"
    check_verdict(run_as_init("checking", "calls_device", "--memory", "128M", "--cpu", cpu))


@pytest.mark.parametrize(
    "kernel, gibs, options",
    [
        ("checking", 1, ["--memory", "512M", "--machine", "q35", "--firmware", "uefi"]),
        ("plain", 8, ["--memory", "512M"]),
        ("plain", 8, ["--memory", "5G"]),
    ],
    ids=["uefi", "512MiB", "5GiB"],
)
def test_bar_above_ram(run_as_init, tmp_path, kernel, gibs, options):
    """What the program wrote at the device's address is in the device, at these offsets and nowhere else."""
    memory = tmp_path / "memory"
    with open(memory, "wb") as file:
        file.truncate(gibs * GIB)
    device = (
        f"-object memory-backend-file,id=shared,mem-path={memory},size={gibs}G,share=on "
        "-device ivshmem-plain,memdev=shared"
    )
    result = run_as_init(kernel, "device_bar", "--qemu", device, *options)
    check_verdict(result)
    size, start, ram = re.search(r"device: (\d+) GiB at (0x\w+), RAM ends at (0x\w+)", result.output).groups()
    assert int(size) == gibs and int(start, 16) >= max(int(ram, 16), 4 * GIB)

    last = (gibs << 18) - 1  # frame in the device
    expected = {0, 512 + 7, last}
    for base, count, order in ((0, 4, 9), (0, gibs, 18)):
        for run in range(count):
            first = base + (run << order)
            expected |= {first + 256 + order, first + (1 << order) - 1 - order}
    found = set()
    with open(memory, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        for at, end in written(file, gibs * GIB):
            for frame in range(at >> 12, (end + 4095) >> 12):
                word = int.from_bytes(view[frame << 12 : (frame << 12) + 8], "little")
                assert word in (0, MARK + frame)
                if word:
                    found.add(frame)
    assert found == expected


def written(file, size):
    """The parts of a sparse file that are not a hole."""
    at = 0
    while at < size:
        try:
            at = file.seek(at, 3)  # SEEK_DATA
        except OSError:
            return
        end = file.seek(at, 4)  # SEEK_HOLE
        yield at, end
        at = end


def test_messages(run_as_init):
    """A device that interrupts by messages instead of a pin."""
    check_verdict(run_as_init("checking", "device_message", "--qemu", "-device edu"))


def test_messages_from_a_table(run_as_init):
    """A device with MSI-X: two vectors, each to a line of its own."""
    check_verdict(run_as_init("checking", "device_message_x", "--cpus", 2, "--qemu", "-device e1000e"))


def test_framebuffer(run_as_init, tmp_path):
    """Every pixel of the picture is what the program wrote."""
    picture = tmp_path / "screen.png"
    result = run_as_init("checking", "device_screen", "--firmware", "uefi", "--screendump", picture)
    check_verdict(result)
    width, height = map(int, re.search(r"screen: (\d+)x(\d+)", result.output).groups())
    image = Image.open(picture).convert("RGB")
    assert image.size == (width, height)
    expected = bytes(
        part
        for y in range(height)
        for x in range(width)
        for part in (x & 255, y & 255, (x // 8 + y // 8) % 2 * 255)
    )
    assert image.tobytes() == expected


def test_ram_beyond_the_numbers(run):
    """RAM whose frames would have the numbers of windows is left alone."""
    result = run("--memory", "16T", commands=["true"])
    assert "memory: RAM from 0xff000000000 on is left out" in result.lines
    assert result.status == 0
