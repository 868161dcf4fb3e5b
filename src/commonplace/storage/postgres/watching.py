"""Watching: what this engine asks for itself: heads, sessions, and whether anybody is there."""

import re
from typing import Final

from commonplace.storage.step import Program, Statement

_TOKEN: Final = re.compile(r"([0-9]{1,10})-([0-9]{1,18})")
_WHO: Final = re.compile(r"commonplace ([0-9]+) (.*)")


def probe() -> Program[None]:
    """Whether the server answers."""
    yield (Statement("tenant_any"),)


def head() -> Program[object]:
    """What is another whenever the tenant has had a commit, or a queue of updates has moved."""
    (rows,) = yield (Statement("heads"),)
    return rows[0] if rows else None


def notify(channel: str) -> Program[None]:
    """Ring the bells of the other processes."""
    yield (Statement("notify", [(channel, "")]),)


def is_present(token: str) -> Program[bool | None]:
    """Whether the session of a token is there: None for what is no token, or may not be seen."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    (rows,) = yield (Statement("session_began", [(int(match[1]),)]),)
    if not rows:
        return False
    began_us = rows[0][0]
    return None if began_us is None else bool(began_us == int(match[2]))


def holder() -> Program[str]:
    """Who has held a tenant's row for longest, in words; "" when nobody does."""
    (rows,) = yield (Statement("session_writing"),)
    if not rows:
        return ""
    name, server_process, held_ms = rows[0]
    match = _WHO.fullmatch(name)
    who = f"process {match[1]} on {match[2]}" if match else repr(name)
    # How long is told only to who may see that session.
    so_long = "" if held_ms is None else f" for {held_ms / 1000:.1f} s"
    return (
        f"{who} has been writing{so_long} (server process {server_process}). If it is stopped, "
        "continue it or end it"
    )
