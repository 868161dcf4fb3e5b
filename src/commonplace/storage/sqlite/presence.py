"""Presence: a token that any process of the host can ask the kernel about.

A token names a file in `<path>-bells/` that its process holds with an flock. The hold ends
with the process, kill -9 included, so there is no heartbeat, no clock and no waiting.
"""

import os
import re
import secrets
from typing import Final

from commonplace.storage.sqlite import kernel

_SUFFIX: Final = ".present"
_TOKEN: Final = re.compile(r"[0-9]+-[0-9a-f]{16}")


def new_token() -> str:
    """A name for one open engine; nothing is held yet."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


class Presence:
    """This engine's presence in `folder`, and its view of the others'."""

    def __init__(self, folder: str, token: str) -> None:
        self._folder = folder
        self.token = token
        # Held before it has its name, so that nobody can take a new one for a dead one.
        unnamed = os.path.join(folder, f"{token}.new")
        self._fd = kernel.open_side_file(unnamed)
        kernel.try_hold(self._fd)
        os.rename(unnamed, self._path(token))

    def is_present(self, token: str) -> bool | None:
        """Whether the holder of `token` lives; None for what is no token of this engine."""
        if token == self.token:
            return self._fd >= 0
        if not kernel.HAS_FLOCK or not _TOKEN.fullmatch(token):
            return None
        return _is_held(self._path(token))

    def sweep(self) -> None:
        """Remove what the dead have left."""
        for name in os.listdir(self._folder):
            token = name.removesuffix(_SUFFIX)
            if token not in (name, self.token) and _TOKEN.fullmatch(token):
                _is_held(self._path(token))

    def close(self) -> None:
        """Be gone; idempotent."""
        if self._fd >= 0:
            _remove(self._path(self.token))
            self.disown()

    def disown(self) -> None:
        """In a forked child: drop the copy of the descriptor; the parent stays present."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _path(self, token: str) -> str:
        return os.path.join(self._folder, token + _SUFFIX)


def _is_held(path: str) -> bool | None:
    """Whether somebody holds the file; one that nobody holds is removed."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except PermissionError:
        return None
    try:
        if kernel.is_held(fd):
            return True
        _remove(path)
        return False
    finally:
        os.close(fd)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # another process was quicker, or owns it
