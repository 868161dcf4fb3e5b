"""The file system a path lies on, and whether SQLite's shared memory works there."""

import os
import re
from collections.abc import Callable
from typing import Final

FilesystemOf = Callable[[str], str]

# WAL needs memory shared by all who map the -shm file, and locks that all of them see.
# fmt: off
_NETWORK: Final = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fhgfs", "gfs", "gfs2",
    "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "panfs",
    "prl_fs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "vboxsf", "vmhgfs", "webdav",
})
# Of the file systems in user space, these only re-arrange local files.
_LOCAL_FUSE: Final = frozenset({
    "fuse.bindfs", "fuse.cryfs", "fuse.encfs", "fuse.fuse-overlayfs", "fuse.gocryptfs",
    "fuse.lxcfs", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.unionfs",
})
# fmt: on


def filesystem_of(path: str) -> str:
    """The type of the file system that holds `path`, as Linux names it; "" if unknown."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError:
        return ""
    real = os.path.realpath(path)
    best, kind = -1, ""
    for line in lines:
        left, _, right = line.partition(" - ")
        mount = _unescape(left.split(" ")[4])
        inside = real == mount or real.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= best:  # of two on one point, the later hides the earlier
            best, kind = len(mount), right.split(" ")[0]
    return kind


def is_network(kind: str) -> bool:
    """Whether files of this type may be shared with another host, which WAL cannot bear."""
    return kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def _unescape(mount: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), mount)
