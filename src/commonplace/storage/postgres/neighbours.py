"""Neighbours: whether a process of this host lives, where no session of it tells the server.

Behind a pooler nobody has a session of his own, and the server cannot say who is there. The kernel
can, of the processes that it runs itself; of other hosts' nobody here knows.
"""

import os
import re
import socket
from functools import cache
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TOKEN: Final = re.compile(r"(?P<host>[^ ]+) (?P<pid>[0-9]{1,10}) (?P<began>[0-9]{1,20})")


def token() -> str:
    """By what others on this host recognise this process; "" where the kernel tells nothing."""
    began = _began(os.getpid())
    return f"{_host()} {os.getpid()} {began}" if began else ""


def is_present(token: str) -> bool | None:
    """Whether the process of a token lives; None for another host's, and for what is no token."""
    match = _TOKEN.fullmatch(token)
    if match is None or match["host"] != _host() or not _began(os.getpid()):
        return None
    return _began(int(match["pid"])) == match["began"]


@cache
def _host() -> str:
    """Where numbers of processes mean the same: one boot of one host, and one container of it."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = os.stat(_PROC / "self/ns/pid").st_ino
    except OSError:
        return ""
    return f"{socket.gethostname()}/{boot}/{space}"


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks: its number may be another's later. "": gone."""
    try:
        # The name stands in parentheses, and may hold anything.
        state, *facts = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if state in "ZX" else facts[18]
