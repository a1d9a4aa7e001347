"""The PCI server: what it lists is what QEMU has, and each device goes to one driver, as the manifest says."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "build/tests/system/pci_driver"
EDU = "-device edu"
LINE = re.compile(r"([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])  ([0-9a-f]{4}:[0-9a-f]{4})  ([0-9a-f]{6})  ([^ ].*)")


@pytest.fixture
def manifest(tmp_path):
    """manifest(LINE...): the system's own manifest with more lines, as an option of tools/run."""

    def make(*lines):
        text = (ROOT / "servers/manifest").read_text()
        (tmp_path / "manifest").write_text(text + "".join(f"{line}\n" for line in lines))
        return ["--module", f"{tmp_path / 'manifest'}"]

    return make


def devices(lines):
    return {match[1]: (match[2], match[4]) for match in map(LINE.fullmatch, lines) if match}


@pytest.mark.parametrize("machine, in_memory", [("q35", True), ("pc", False)])
def test_configuration_space(run, machine, in_memory):
    """Where the firmware names memory for it, it is read there; else by ports."""
    result = run("--machine", machine, commands=["pci", "vm pci"])
    first = devices(result.answer("pci"))["00:00.0"]
    assert first == ("8086:29c0" if in_memory else "8086:1237", "host bridge")
    assert any(re.match(r"0000[0-9a-f]{8}-0000[0-9a-f]{8}  device +1 MiB rw- uc pci", line)
               for line in result.answer("vm pci")) == in_memory


def test_list(run):
    """Vendors, classes and sizes are those of QEMU's machine; a device behind a bridge is found."""
    qemu = "-device edu,addr=5 -device pci-bridge,chassis_nr=1,id=far,addr=6 -device e1000e,bus=far,addr=3"
    result = run("--qemu", qemu, commands=["pci"])
    answer = result.answer("pci")
    found = devices(answer)
    assert found["00:00.0"] == ("8086:1237", "host bridge")
    assert found["00:01.1"] == ("8086:7010", "IDE storage")
    assert found["00:05.0"] == ("1234:11e8", "other")
    assert found["00:06.0"][1] == "PCI bridge"
    assert found["01:03.0"] == ("8086:10d3", "Ethernet")
    assert "left out" not in result.output
    bars = [line.split() for line in answer[answer.index(next(x for x in answer if x.startswith("01:03.0"))) + 1 :]]
    assert [bar[2:] for bar in bars[:4]] == [["128", "KiB"], ["128", "KiB"], ["32", "ports"], ["16", "KiB"]]
    assert result.status == 0


def test_express(run):
    """Devices behind the ports of PCI Express, found under UEFI, too."""
    qemu = "-device pcie-root-port,id=rp,chassis=1,addr=4 -device e1000e,bus=rp"
    result = run("--machine", "q35", "--firmware", "uefi", "--qemu", qemu, commands=["pci"], timeout=200)
    found = devices(result.answer("pci"))
    assert ("8086:10d3", "Ethernet") in found.values() and "SATA storage" in {name for _, name in found.values()}
    assert "left out" not in result.output


def test_driver(run, manifest):
    """A driver uses its device; its death frees that for the next, and so does letting go."""
    options = manifest("pci_driver pci=1234:11e8 calls=pci,console")
    commands = ["pci_driver once", "pci_driver keep", "pci", "kill 8", "pci_driver keep ", "kill 9"]
    result = run(*options, "--module", DRIVER, "--append", "start=console,keyboard,shell", "--qemu", EDU,
                 commands=commands)
    assert "FAILED" not in result.output
    assert result.output.count("pci_driver: 0 failed") == 3, result.output
    assert re.search(r"1234:11e8  00ff00  other  program 8", result.output)
    first, second = re.findall(r"memory at (\w+) held (\w+)", result.output)
    assert first[0] == second[0] and first[1] == "0" and second[1] == "1234"
    assert result.status == 0


def test_not_named(run, manifest):
    """What the manifest does not say of a program, it cannot claim; nor can one without a line."""
    append = ["--append", "start=console,keyboard,shell"]
    result = run("--module", DRIVER, *append, "--qemu", EDU, commands=["pci_driver"])
    assert "claim: E_NAME" in result.lines
    result = run(*manifest("pci_driver pci=1234:11e9,class:0200 calls=pci,console"), "--module", DRIVER, *append,
                 "--qemu", EDU, commands=["pci_driver"])
    assert "claim: E_NAME" in result.lines
    result = run(*manifest("pci_driver pci=class:00ff,class:0604 calls=pci,console"), "--module", DRIVER, *append,
                 "--qemu", f"{EDU} -device pci-bridge,chassis_nr=1", commands=["pci_driver"])
    assert "pci_driver: 0 failed" in result.lines, result.output
    result = run(*manifest("pci_driver pci=class:00ff calls=console"), "--module", DRIVER, *append,
                 "--qemu", EDU, commands=["pci_driver"])
    assert "claim: E_RIGHTS" in result.lines


def test_two_drivers(run, manifest, tmp_path):
    """A device is one driver's: the other, with the same rights, finds it taken."""
    (tmp_path / "other").write_bytes(DRIVER.read_bytes())
    result = run(*manifest("pci_driver pci=1234:11e8 calls=pci,console", "other pci=1234:11e8 calls=pci,console"),
                 "--module", DRIVER, "--module", tmp_path / "other", "--append", "start=console,keyboard,shell",
                 "--qemu", EDU, commands=["pci_driver keep", "other", "restart pci", "other ", "kill 6", "other once"])
    assert result.answer("other") == ["claim: E_NAME"]
    assert result.answer("other ") == ["claim: E_NAME"]  # the new instance of pci has no books, but the memory is taken
    assert result.output.count("pci_driver: 0 failed") == 2


def test_two_devices(run, manifest, tmp_path):
    """Of two that are alike each driver gets one, with interrupts of its own."""
    (tmp_path / "other").write_bytes(DRIVER.read_bytes())
    result = run(*manifest("pci_driver pci=1234:11e8 calls=pci,console", "other pci=1234:11e8 calls=pci,console"),
                 "--module", DRIVER, "--module", tmp_path / "other", "--append", "start=console,keyboard,shell",
                 "--qemu", f"{EDU} {EDU}", commands=["pci_driver keep", "other keep"])
    assert result.output.count("pci_driver: 0 failed") == 2, result.output


def test_silenced(run, manifest):
    """A driver that nobody starts again is killed while its device writes to its memory: whoever gets that memory finds
    it as he left it."""
    ends = ROOT / "build/tests/system/ends_driver"
    result = run(*manifest("pci_driver pci=1234:11e8 calls=pci,console"), "--module", DRIVER, "--module", ends,
                 "--append", "start=console,keyboard,shell", "--qemu", EDU,
                 commands=["pci_driver dma", "ends_driver 1 pci_driver"])
    assert "FAILED" not in result.output
    assert result.answer("ends_driver 1 pci_driver") == ["ends_driver: ended 1 times, 0 frames were hit"]
