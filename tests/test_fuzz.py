"""The parsers of what others wrote - ELF files, boot loader, firmware - and the ownership core, fuzzed for a few
seconds from good inputs.

libFuzzer runs with a fixed seed; what it finds is shown with the input, in hexadecimal. A longer hunt:
    make fuzzers && mkdir -p corpus && build/fuzz/fuzz_elf corpus
"""
import os
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 5


def elf_seed(kind):
    """A small program: text, data, no executable stack; kind 3 is position-independent, 2 is fixed."""
    base = 0xFFFF800000400000 if kind == 2 else 0
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, base + 0x100, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    segments = [(1, 5, 0, base, base, 0x180, 0x180, 0x1000),
                (1, 6, 0x180, base + 0x1180, base + 0x1180, 0x40, 0x2000, 0x1000),
                (0x6474E551, 6, 0, 0, 0, 0, 0, 16)]
    table = b"".join(struct.pack("<IIQQQQQQ", *segment) for segment in segments)
    return (header + table).ljust(0x1C0, b"\x90")


def tag(kind, body):
    data = struct.pack("<II", kind, 8 + len(body)) + body
    return data + bytes(-len(data) % 8)


def multiboot_seed():
    entries = [(0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0x100000, 0x7EE0000, 1), (0x7FE0000, 0x20000, 3),
               (0x200000, 0x1000, 5), (0xFFFC0000, 0x40000, 2)]
    memory_map = struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *entry, 0) for entry in entries)
    screen = struct.pack("<QIIIBBH6B", 0xFD000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8)
    tags = tag(1, b"start=console,shell\0") + tag(3, struct.pack("<II", 0x300000, 0x310000) + b"init\0")
    tags += tag(6, memory_map) + tag(8, screen) + tag(15, b"RSD PTR ".ljust(36, b"\0")) + tag(0, b"")
    return struct.pack("<II", 8 + len(tags), 0) + tags


def table(signature, body):
    return signature + struct.pack("<I", 36 + len(body)) + bytes(28) + body


def acpi_seed():
    madt = struct.pack("<II", 0xFEE00000, 1) + bytes([0, 8, 0, 0, 1, 0, 0, 0]) + bytes([0, 8, 1, 1, 1, 0, 0, 0])
    madt += struct.pack("<BBBBII", 1, 12, 0, 0, 0xFEC00000, 0) + struct.pack("<BBBBIH", 2, 10, 0, 0, 2, 0)
    fadt = bytearray(244 - 36)
    struct.pack_into("<I", fadt, 40 - 36, 0x400)
    struct.pack_into("<II", fadt, 64 - 36, 0x604, 0)
    dsdt = b"\x08_S5_\x12\x06\x04\x0a\x05\x01\x00\x00"
    memory = bytearray(0x500)
    root = b"RSD PTR " + bytes(7) + b"\x02" + struct.pack("<IIQI", 0x80, 36, 0x100, 0)
    places = {0: root, 0x80: table(b"RSDT", struct.pack("<II", 0x200, 0x300)),
              0x100: table(b"XSDT", struct.pack("<QQ", 0x200, 0x300)), 0x200: table(b"APIC", madt),
              0x300: table(b"FACP", bytes(fadt)), 0x400: table(b"DSDT", dsdt)}
    for address, data in places.items():
        memory[address:address + len(data)] = data
    return bytes(memory)


# Domain 1 claims a frame with access, shares it with domain 2, which maps it in its upper half.
OWN_SEED = bytes([0, 3, 0, 3, 14, 3, 0, 3, 7, 3, 0, 1])

SEEDS = {"fuzz_elf": [elf_seed(2), elf_seed(3)], "fuzz_multiboot": [multiboot_seed()], "fuzz_acpi": [acpi_seed()],
         "fuzz_own": [OWN_SEED]}


@pytest.mark.parametrize("fuzzer", [source.stem for source in sorted((ROOT / "tests/fuzz").glob("fuzz_*.c"))])
def test_fuzz(fuzzer, tmp_path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds = [corpus / f"seed{number}" for number in range(len(SEEDS[fuzzer]))]
    for path, seed in zip(seeds, SEEDS[fuzzer]):
        path.write_bytes(seed)
    make = subprocess.run(["make", f"build/fuzz/{fuzzer}"], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert make.returncode == 0, make.stdout
    accepted = subprocess.run([ROOT / "build/fuzz" / fuzzer, *seeds], env={**os.environ, "FUZZ_ACCEPTED": "1"},
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert accepted.returncode == 0, f"a seed is not good:\n{accepted.stdout}"
    run = subprocess.run([ROOT / "build/fuzz" / fuzzer, "-seed=1", f"-max_total_time={SECONDS}", "-max_len=4096",
                          "-timeout=5", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", corpus],
                         text=True, timeout=120, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    found = [path.read_bytes().hex() for path in tmp_path.iterdir() if path.is_file()]
    assert run.returncode == 0, f"input: {found}\n{run.stdout[-8000:]}"
    assert "stat::number_of_executed_units" in run.stdout
