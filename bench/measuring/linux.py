"""Linux to measure beside cocOS: Debian's kernel for machines in a cloud, fetched by apt, and an
initramfs with bench/linux/init.c alone."""

import pathlib
import shlex
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build/peer"
PACKAGE = "linux-image-cloud-amd64"  # depends on the newest kernel
# nolapic_timer spares half the booting under -icount, a wait to calibrate that timer; the HPET
# ticks in its place. Only a panic is to come between init's lines; it ends the machine.
COMMAND_LINE = "console=ttyS0 loglevel=1 panic=-1 nolapic_timer"
FETCH_SECONDS = 180
# The drivers of a virtio disk, in the order in which they are loaded.
DRIVERS = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk")


class Unavailable(Exception):
    """Why there is no Linux to measure, for the end of a sentence."""


def command(*words, cwd=None):
    """The standard output of a program."""
    try:
        done = subprocess.run(
            words, cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise Unavailable(f"{words[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{words[0]} took more than {FETCH_SECONDS} s") from error
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        raise Unavailable(complaints[0] if complaints else f"{words[0]} failed")
    return done.stdout


def download(folder, options):
    """Lets apt put the package of the newest kernel into folder; gives its path."""
    depends = command("apt-cache", *options, "depends", PACKAGE)
    names = [line.split()[-1] for line in depends.splitlines() if "Depends: linux-image" in line]
    if not names:
        raise Unavailable(f"apt knows no kernel for {PACKAGE}")
    patience = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")
    command("apt-get", *options, *patience, "download", names[0], cwd=folder)
    return next(pathlib.Path(folder).glob("linux-image-*.deb"))


def fetch(folder):
    """download() by this machine's lists of packages, and where those are none or old, by new ones
    of our own, which need no root."""
    try:
        return download(folder, ())
    except Unavailable:
        lists, cache = pathlib.Path(folder, "lists"), pathlib.Path(folder, "cache")
        lists.mkdir()
        cache.mkdir()
        options = ("-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}")
        command("apt-get", *options, "update", "--error-on=any")
        return download(folder, options)


def kernel():
    """The folder of a kernel and its drivers, fetched where none is at hand. Raises Unavailable."""
    at_hand = sorted(CACHE.glob("*/vmlinuz"))
    if at_hand:
        return at_hand[-1].parent
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        package, unpacked = fetch(folder), pathlib.Path(folder, "unpacked")
        command("dpkg-deb", "-x", str(package), str(unpacked))
        taken = pathlib.Path(folder, "taken")
        taken.mkdir()
        found = next(unpacked.glob("boot/vmlinuz-*"), None)
        if not found:
            raise Unavailable(f"{package.name} holds no kernel")
        for driver in DRIVERS:
            for file in unpacked.glob(f"lib/modules/**/{driver}.ko"):
                shutil.move(file, taken / file.name)
        shutil.move(found, taken / "vmlinuz")
        return pathlib.Path(shutil.move(taken, CACHE / found.name.removeprefix("vmlinuz-")))


def version(path):
    return path.name


def archive_entry(name, mode, content=b""):
    """A file of an initramfs: cpio's "newc" form (the kernel's
    driver-api/early-userspace/buffer-format)."""
    inode, owner, group, links, time, device, checksum = 0, 0, 0, 1, 0, (0, 0, 0, 0), 0
    numbers = (inode, mode, owner, group, links, time, len(content), *device, len(name) + 1, checksum)
    head = b"070701" + b"".join(b"%08x" % number for number in numbers) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + content + b"\0" * (-len(content) % 4)


def start_options(path, folder):
    """The options of QEMU that start the kernel in the folder `path` with the measuring program for its
    init. The initramfs is made in `folder`."""
    init = (ROOT / "build/bench/linux/init").read_bytes()
    drivers = [(path / f"{driver}.ko").read_bytes() for driver in DRIVERS if (path / f"{driver}.ko").exists()]
    entries = [("init", 0o100755, init), ("drivers", 0o040755)]
    entries += [(f"drivers/{number}.ko", 0o100644, driver) for number, driver in enumerate(drivers)]
    initramfs = pathlib.Path(folder, "initramfs")
    initramfs.write_bytes(b"".join(archive_entry(*entry) for entry in [*entries, ("TRAILER!!!", 0)]))
    words = ("-kernel", str(path / "vmlinuz"), "-initrd", str(initramfs), "-append", COMMAND_LINE)
    return shlex.join(words)
