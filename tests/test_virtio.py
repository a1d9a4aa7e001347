"""The transport for virtio drivers (<cocos/virtio.h>), by QEMU's entropy device."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_driver(run, tmp_path):
    """Requests come back filled, by MSI-X and by a pin, after each death of the driver anew, in the same memory."""
    manifest = tmp_path / "manifest"
    line = "virtio_driver pci=1af4:1005,1af4:1044 calls=pci,console\n"
    manifest.write_text((ROOT / "servers/manifest").read_text() + line)
    for vectors in (2, 0):
        result = run("--module", manifest, "--module", ROOT / "build/tests/system/virtio_driver",
                     "--append", "start=console,keyboard,shell", "--qemu", f"-device virtio-rng-pci,vectors={vectors}",
                     commands=["virtio_driver", "kill 6", "virtio_driver", "kill 8", "virtio_driver", "kill 9"])
        assert "FAILED" not in result.output
        assert result.output.count("virtio_driver: 0 failed") == 3, result.output
        assert len(set(re.findall("memory ([0-9a-f]+)", result.output))) == 1
        assert result.status == 0
