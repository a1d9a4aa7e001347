"""A boot image with further modules and further words of the kernel's command line, derived from
build/cocos.iso.

The image's own grub.cfg is edited and mapped over the old one; the boot sectors stay as they are.
"""

import os
import re
import subprocess

from .machine import Failure, find_program

GRUB_CFG = "/boot/grub/grub.cfg"
KERNEL_LINE = re.compile(r"^multiboot2 /boot/kernel\.elf\b(.*)$", re.MULTILINE)
MODULE_LINE = re.compile(r"^module2 .*\n", re.MULTILINE)
BOOT_LINE = re.compile(r"^boot$", re.MULTILINE)


def xorriso(*arguments):
    command = [
        find_program("xorriso", "xorriso"),
        "-report_about",
        "FAILURE",
        "-abort_on",
        "FAILURE",
        *arguments,
    ]
    result = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if result.returncode:
        reason = re.search(
            r"^xorriso : (?:SORRY|FAILURE|FATAL) : (.*)$", result.stderr, re.MULTILINE
        )
        raise Failure(
            f"the boot image cannot be derived: {reason[1] if reason else result.stderr.strip()}"
        )


def start_list(words, names):
    """The start= word with NAMES before the shell."""
    result = []
    for word in words:
        if word.startswith("start="):
            servers = [name for name in word[len("start=") :].split(",") if name]
            new = [name for name in dict.fromkeys(names) if name not in servers]
            position = servers.index("shell") if "shell" in servers else len(servers)
            word = "start=" + ",".join(servers[:position] + new + servers[position:])
        result.append(word)
    return result


def kernel_words(old, append, names):
    """The kernel's command line: a start= among APPEND stands for the old one, and then nothing is
    added to it."""
    words = old.split()
    if any(word.startswith("start=") for word in append):
        return [word for word in words if not word.startswith("start=")] + append
    return start_list(words, names) + append


def quote(word):
    """A word of grub.cfg, in quotes where it has letters that mean something there."""
    return word if re.fullmatch(r"[A-Za-z0-9_./=,:+-]+", word) else f"'{word}'"


def edit(config, modules, append):
    """grub.cfg with MODULES, each a list of a path in the image, a name and arguments, and with
    APPEND."""
    kernel, boot = KERNEL_LINE.search(config), BOOT_LINE.search(config)
    if not kernel or not boot:
        raise Failure(f"the boot image has no {GRUB_CFG} of cocOS.")
    names = [name for _, name, *_ in modules if name not in ("init", "manifest")]
    words = kernel_words(kernel[1], append, names)
    lines = "".join(
        "module2 " + " ".join(quote(word) for word in module) + "\n" for module in modules
    )
    position = max([match.end() for match in MODULE_LINE.finditer(config)] or [boot.start()])
    return (
        config[: kernel.start(1)]
        + "".join(" " + quote(word) for word in words)
        + config[kernel.end(1) : position]
        + lines
        + config[position:]
    )


def derive(iso, modules, append, directory):
    """The path of an image that is ISO with MODULES (lists of a file and its arguments) and APPEND;
    in DIRECTORY."""
    if not modules and not append:
        return iso
    config = os.path.join(directory, "grub.cfg")
    xorriso("-osirrox", "on", "-indev", iso, "-extract", GRUB_CFG, config)
    maps, entries = [], []
    for number, (file, *arguments) in enumerate(modules):
        name = os.path.basename(file)
        path = f"/boot/added/{number}/{name}"
        maps += ["-map", os.path.abspath(file), path]
        entries.append([path, name, *arguments])
    with open(config, encoding="utf-8") as stream:
        text = edit(stream.read(), entries, append)
    os.chmod(config, 0o644)
    with open(config, "w", encoding="utf-8") as stream:
        stream.write(text)
    result = os.path.join(directory, "derived.iso")
    xorriso(
        "-indev",
        iso,
        "-outdev",
        result,
        "-boot_image",
        "any",
        "replay",
        *maps,
        "-map",
        config,
        GRUB_CFG,
    )
    return result
