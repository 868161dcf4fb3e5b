"""Power cut: a file system that forgets what was not synced, and mounts again.

An ext4 image on a loop device is shut down by ioctl without flushing its journal, which is
what a power cut leaves: pages that were written and not synced are gone. Unmounting and
mounting again recovers the journal, as a boot would. It takes root, loop devices and
`mkfs.ext4`; `why_not` says what is missing. The ioctl is how xfstests cuts power
(`src/godown.c`).
"""

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SHUTDOWN: Final = (2 << 30) | (4 << 16) | (ord("X") << 8) | 125
"""EXT4_IOC_SHUTDOWN, `_IOR('X', 125, __u32)`."""
_WITHOUT_FLUSHING_THE_LOG: Final = 2
IMAGE_BYTES: Final = 64 << 20


class Disk:
    """A small disk in a file, mounted at `folder`, whose power can be cut."""

    def __init__(self, place: Path) -> None:
        self._image = place / "disk.img"
        self.folder = place / "disk"
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(self._image))

    def mount(self) -> None:
        """Switch it on; a journal that was cut off is recovered."""
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def cut(self) -> None:
        """Take the power away: from now on nothing reaches the disk."""
        fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, _SHUTDOWN, struct.pack("I", _WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(fd)

    def unmount(self) -> None:
        """Take the disk out; nobody may have a file open on it."""
        _run("umount", str(self.folder))

    def cycle(self) -> None:
        """Out and in again, as by a boot."""
        self.unmount()
        self.mount()


@contextlib.contextmanager
def disk(place: Path) -> Iterator[Disk]:
    """A mounted disk in the empty directory `place`."""
    made = Disk(place)
    made.mount()
    try:
        yield made
    finally:
        made.unmount()


def why_not(place: Path) -> str:
    """What keeps this machine from cutting power, in words; "" when nothing does."""
    if os.geteuid() != 0:
        return "cutting power takes root, to mount a disk and shut it down"
    for tool in ("mkfs.ext4", "mount", "umount"):
        if shutil.which(tool) is None:
            return f"cutting power takes {tool}, which is not installed"
    trial = place / "trial"
    trial.mkdir()
    try:
        with disk(trial) as made:
            made.cut()
    except (OSError, subprocess.CalledProcessError) as error:
        return f"this machine mounts no ext4 on a loop device: {error}"
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return ""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)
