"""Forking: what a child must do with the memories that its parent had open.

A descriptor copied by a fork keeps the kernel's holds after the parent has died, a session
with a server belongs to one process alone, and a connection in the middle of a statement
cannot even be closed in the child.

So before a fork every engine is brought to rest, for as long as the fork takes; in the child
it lets go of what it inherited without a trace for the parent, and raises `ForkedMemory` ever
after. A child may then open the same memory as its own.
"""

import os
import threading
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What a fork must see to."""

    def before_fork(self) -> None:
        """Come to rest: no connection in use until one of the next two calls."""
        ...

    def after_fork_in_parent(self) -> None:
        """Go on."""
        ...

    def after_fork_in_child(self) -> None:
        """Let go of everything inherited, without a trace for the parent."""
        ...


_mutex = threading.Lock()
_open: weakref.WeakSet[Forkable] = weakref.WeakSet()
_resting: list[Forkable] = []


def watch(engine: Forkable) -> None:
    """See to `engine` at every fork from now on."""
    with _mutex:
        _open.add(engine)


def forget(engine: Forkable) -> None:
    """`engine` is closed: forks are no matter to it any more."""
    with _mutex:
        _open.discard(engine)


def _before() -> None:
    _mutex.acquire()
    for engine in list(_open):
        _resting.append(engine)
        engine.before_fork()


def _in_parent() -> None:
    while _resting:
        _resting.pop().after_fork_in_parent()
    _mutex.release()


def _in_child() -> None:
    _open.clear()
    while _resting:
        _resting.pop().after_fork_in_child()
    _mutex.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
