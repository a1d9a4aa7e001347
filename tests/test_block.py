"""The block server: disks as QEMU has them, requests and refusals, partition tables, disks that fail, and clients that
see nothing of the server's death."""
import re
import struct
import zlib
from array import array
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "build/tests/system/block_client"
SECTOR = 512
MIB = 1 << 20


@pytest.fixture
def disk(tmp_path):
    """disk(BYTES, CONTENTS={}): a file with contents at these sectors."""

    def make(size, contents=None):
        path = tmp_path / f"disk{len(list(tmp_path.glob('disk*')))}.img"
        with open(path, "wb") as stream:
            stream.truncate(size)
            for sector, data in (contents or {}).items():
                stream.seek(sector * SECTOR)
                stream.write(data)
        return path

    return make


@pytest.fixture
def client(run):
    """client(DISKS, COMMANDS, OPTIONS...): a run with the client's program; fails where that says it failed."""

    def start(disks, commands, *options, status=0):
        given = [word for path in disks for word in ("--disk", path)]
        result = run("--module", CLIENT, "--append", "start=console,keyboard,shell", *given, *options,
                     commands=commands)
        assert "FAILED" not in result.output, result.output
        assert result.output.count("block_client: 0 failed") == sum("block_client" in word for word in commands)
        assert result.status == status
        return result

    return start


def entry(kind, first, count):
    return struct.pack("<4xB3xII", kind, first, count)


def mbr(*entries):
    return b"".join(entries).rjust(446 + 16 * len(entries), b"\0").ljust(510, b"\0") + b"\x55\xaa"


def gpt(sectors, *partitions):
    """Contents of a disk with the given (first, last) partitions."""
    table = b"".join(struct.pack("<16s16sQQ80x", b"\xaf\x3d\xc6\x0f" + 12 * b"g", 16 * b"u", first, last)
                     for first, last in partitions).ljust(128 * 128, b"\0")

    def header(own, other, at, crc=0):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, crc, 0, own, other, 34, sectors - 34,
                           16 * b"d", at, 128, 128, zlib.crc32(table))

    def sealed(*places):
        return header(*places, zlib.crc32(header(*places)))

    return {0: mbr(entry(0xEE, 1, sectors - 1)), 1: sealed(1, sectors - 1, 2), 2: table,
            sectors - 33: table, sectors - 1: sealed(sectors - 1, 1, sectors - 33)}


def test_disks(run, disk):
    """Names, sizes and partitions; of tables that are wrong, the sentences; the same after a restart."""
    good = gpt(32768, (34, 1033), (2048, 32734))
    bad = {0: mbr(entry(0x83, 1, 100), entry(0x83, 50, 100), entry(0x83, 30000, 9999), entry(5, 1000, 1000)),
           1000: mbr(entry(0x83, 1, 99), entry(5, 0, 10))}
    paths = [disk(16 * MIB, good), disk(16 * MIB, bad), disk(SECTOR)]
    options = [word for path in paths for word in ("--disk", path)]
    result = run(*options, commands=["disks", "restart block", "disks "])
    listed = [line.split() for line in result.answer("disks") if "sectors" in line]
    assert [line[0] for line in listed] == ["disk0", "disk0p1", "disk0p2", "disk1", "disk1p1", "disk1p5", "disk2"]
    assert listed[1][1:] == "500 KiB 1000 sectors from 34 GPT 0fc63daf".split()
    assert listed[5][1:] == "49.5 KiB 99 sectors from 1001 MBR 83".split()
    assert listed[6][1:] == "0.5 KiB 1 sectors".split()
    assert [line.split() for line in result.answer("disks ") if "sectors" in line] == listed
    for sentence in ("partition 2 of disk1 is left out: it overlaps an earlier one",
                     "partition 3 of disk1 is left out: it reaches beyond the end of the disk",
                     "partition 6 of disk1 is left out: the chain of logical partitions goes backwards"):
        assert f"block: {sentence}" in result.lines
    assert result.status == 0


def test_no_disk(run):
    """Without disks the server says so, and goes on."""
    result = run(commands=["disks", "ps"])
    assert "There are no disks." in result.answer("disks")
    assert any(re.search(r"serves +block$", line) for line in result.answer("ps"))


def test_operations(client, disk, tmp_path):
    """Reads, writes, flushes, signals and every refusal: on virtio by messages and by a pin, on a partition, in RAM."""
    paths = [disk(16 * MIB), disk(16 * MIB, gpt(32768, (64, 20000)))]
    (tmp_path / "manifest").write_text(re.sub("^block (.*)$", r"block state=512 \1 -- ram=2048",
                                              (ROOT / "servers/manifest").read_text(), flags=re.MULTILINE))
    commands = [f"block_client check {name}" for name in ("disk0", "disk1p1", "ram0")]
    client(paths, [*commands, "restart block", "block_client check ram0 ", "mem"], "--module", tmp_path / "manifest")
    assert paths[0].read_bytes()[:4096] == paths[1].read_bytes()[64 * SECTOR :][:4096] != bytes(4096)
    assert paths[1].read_bytes()[: 34 * SECTOR] == disk(16 * MIB, gpt(32768, (64, 20000))).read_bytes()[: 34 * SECTOR]
    pin = f"-drive file={paths[0]},format=raw,if=none,id=x -device virtio-blk-pci,drive=x,vectors=0"
    client([], ["block_client check disk0"], "--qemu", pin)


def total(path):
    """What the client calls the sum: of all words of 64 bits."""
    return sum(array("Q", path.read_bytes())) % 2**64


@pytest.mark.takes(40)
def test_kills(client, disk, is_long):
    """The server is killed with requests under way, while a client writes and verifies a whole disk: all that was
    acknowledged is there, answered once, and the client sees no error."""
    path = disk(16 * MIB)
    kills = 1000 if is_long else 50
    result = client([path], [f"block_client kill disk0 {kills}", "disks"])
    assert int(re.search("block_client: sum ([0-9a-f]+)", result.output)[1], 16) == total(path)
    _, killed, under_way, attached = map(int, re.search(
        r"(\d+) requests, (\d+) kills, (\d+) under way, (\d+) times attached again", result.output).groups())
    assert killed == attached == kills
    assert under_way > 10 * kills


def test_killed_by_others(run, disk):
    """The same where the server ends at any moment, also while its client is attaching to it."""
    path = disk(4 * MIB)
    result = run("--module", CLIENT, "--append", "start=console,keyboard,shell", "--disk", path,
                 commands=["block_client killer disk0 1000 &", "block_client kill disk0 0"])
    assert "FAILED" not in result.output and "block_client: 0 failed" in result.output
    assert int(re.search("block_client: sum ([0-9a-f]+)", result.output)[1], 16) == total(path)
    assert int(re.search(r"(\d+) times attached again", result.output)[1]) > 0


def test_failing(client, disk):
    """What a disk cannot read or write is an error to the client; the server, and other sectors, go on."""
    path = disk(16 * MIB)
    errors = [f"inject-error.{i}.event=none,inject-error.{i}.iotype={kind},inject-error.{i}.errno=5,"
              f"inject-error.{i}.sector=2048" for i, kind in enumerate(("read", "write"))]
    bad = ",".join(["driver=blkdebug,node-name=bad,image.driver=file", f"image.filename={path}", *errors])
    for machine, device in (("pc", "virtio-blk-pci"), ("pc", "ide-hd,bus=ide.1"), ("q35", "ide-hd,bus=ide.1")):
        client([], ["block_client fail disk0"], "--machine", machine, "--qemu",
               f"-blockdev {bad} -device {device},drive=bad,werror=report,rerror=report")


@pytest.mark.parametrize("machine", ["pc", "q35", "bochs"])
def test_ata(client, disk, machine):
    """Disks of an IDE controller, one on each channel or both on one, and of a SATA controller, as virtio's; also
    through the server's death."""
    paths = [disk(4 * MIB), disk(4 * MIB), disk(4 * MIB)]
    commands = ["block_client check disk0", "block_client check disk1", "block_client kill disk2 10"]
    if machine == "bochs":
        result = client(paths, commands, "--emulator", "bochs")
    else:
        drives = " ".join(f"-drive file={path},format=raw,if=ide,index={i + 1}" for i, path in enumerate(paths))
        result = client([], commands, "--machine", machine, "--qemu", drives)
    assert paths[0].read_bytes() == paths[1].read_bytes() != bytes(4 * MIB)
    assert int(re.search("block_client: sum ([0-9a-f]+)", result.output)[1], 16) == total(paths[2])


def test_pci_ends(client, disk):
    """The PCI server ends under a driver of virtio and IDE disks, and then that driver does."""
    drive = f"-drive file={disk(4 * MIB)},format=raw,if=ide,index=1"
    checks = [f"block_client check disk{number}" for number in (0, 1)]
    commands = [*checks, "restart pci", *checks, "restart block", *checks]
    result = client([disk(4 * MIB)], commands, "--qemu", drive)
    assert "nobody has silenced" not in result.output


def test_left(client, disk):
    """A client that ends with requests under way leaves nothing behind: neither what would hinder the next, nor its
    memory, which init inherits while the device uses it."""
    result = client([disk(16 * MIB)], ["block_client leave disk0", "vm", "block_client leave disk0 ",
                                       *2 * ["block_client check disk0"], "vm "])
    assert any(re.search("init +shared$", line) for line in result.answer("vm"))
    assert not any(line.endswith("shared") for line in result.answer("vm "))


@pytest.mark.parametrize("text, message", [
    ("{tmp}/none.img", "there is no disk {tmp}/none.img: make one with truncate"),
    ("{tmp}/odd.img", "the disk {tmp}/odd.img has 700 bytes: it must be whole sectors of 512."),
])
def test_option(run, tmp_path, text, message):
    """tools/run says what is wrong with a disk before it starts a machine."""
    (tmp_path / "odd.img").write_bytes(bytes(700))
    result = run("--disk", text.format(tmp=tmp_path))
    assert result.status == 125
    assert message.format(tmp=tmp_path) in result.errors
