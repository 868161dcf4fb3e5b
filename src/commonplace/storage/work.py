"""Work: one group or job on its way through the lane, and whoever waits for it."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from commonplace.model.write import WriteGroup

if TYPE_CHECKING:
    import asyncio

QUEUED: Final = 0
PICKED: Final = 1
DONE: Final = 2
WITHDRAWN: Final = 3


class Work:
    """A group or job, its state, its outcome, and the thread or event loop that waits for it."""

    __slots__ = ("_answered", "error", "future", "loop", "result", "state", "what")

    def __init__(
        self,
        what: WriteGroup | Callable[[], Any],
        loop: "asyncio.AbstractEventLoop | None" = None,
    ) -> None:
        self.what = what
        self.state = QUEUED
        self.result: Any = None
        self.error: BaseException | None = None
        self.loop = loop
        self.future: asyncio.Future[Any] | None = None
        if loop is None:
            self._answered = threading.Lock()  # the cheapest thing one thread can wait on
            self._answered.acquire()
        else:
            self.future = loop.create_future()

    @property
    def is_done(self) -> bool:
        """Whether the outcome stands."""
        return self.state == DONE

    def wait(self, timeout_s: float) -> bool:
        """Wait for the answer; False when `timeout_s` passed first."""
        return self._answered.acquire(timeout=max(0.0, min(timeout_s, threading.TIMEOUT_MAX)))

    def wake(self) -> None:
        """Wake the thread that waits."""
        self._answered.release()

    def outcome(self) -> Any:
        """The result, or the error raised."""
        if self.error is not None:
            raise self.error
        return self.result

    def resolve(self) -> None:
        """Hand the outcome to the future, on its loop."""
        if self.future is None or self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def wake_all(works: Iterable[Work]) -> None:
    """Answer all whose outcome is set: threads one by one, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[Work]] = {}
    for work in works:
        if work.state is PICKED:
            work.state = DONE
        if work.loop is None:
            work.wake()
        else:
            loops.setdefault(work.loop, []).append(work)
    for loop, those in loops.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, those)
        except RuntimeError:
            continue  # the loop was closed, so nobody waits any more


def _resolve_all(works: Sequence[Work]) -> None:
    for work in works:
        work.resolve()
