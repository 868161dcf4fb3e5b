"""Registry: one engine per memory and process, shared by every `Memory` opened on it.

Sharing is what makes group commit work: all agents of a process wait in one lane.
"""

import itertools
import os
import threading
from dataclasses import dataclass

from commonplace.storage.address import Follow, open_engine, open_follower
from commonplace.storage.engine import Engine


@dataclass(slots=True)
class _Held:
    engine: Engine
    users: int


_held: dict[tuple[int, str, Follow | None], _Held] = {}
_lock = threading.Lock()
_numbers = itertools.count()


def acquire(
    address: str, *, create: bool, engine: Engine | None = None, follow: Follow | None = None
) -> Engine:
    """The open engine of a memory; the first user opens it. Pair with `release`.

    With `follow`, that of a follower of it. With `engine`, one more user of that engine, which is
    how `:memory:` gets several. A child process finds nothing of its parent's here, since the key
    holds the process id.
    """
    with _lock:
        if engine is not None:
            name = next(name for name, held in _held.items() if held.engine is engine)
        else:
            follow = None if follow is None else follow.checked()
            name = (os.getpid(), _shared_name(address), follow)
        held = _held.get(name)
        if held is None:
            made = open_engine(address) if follow is None else open_follower(address, follow)
            made.open(create=create)
            held = _held[name] = _Held(made, 0)
        held.users += 1
        return held.engine


def _shared_name(address: str) -> str:
    if address == ":memory:":
        return f":memory:{next(_numbers)}"
    return address if "://" in address else os.path.realpath(address)


def release(engine: Engine) -> None:
    """Give an engine back; the last user closes it."""
    with _lock:
        for key, held in _held.items():
            if held.engine is engine:
                held.users -= 1
                if held.users:
                    return
                del _held[key]
                break
    engine.close()


def _forget_in_child() -> None:
    global _lock  # noqa: PLW0603  (the parent's may be held by a thread that is not here)
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
