"""Work: one group or job on its way through the lane, and whoever waits for it."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from commonplace import limits
from commonplace.core.verdict import Refusal, Unknown
from commonplace.errors import LimitExceeded, OutcomeUnknown
from commonplace.model.write import WriteGroup

if TYPE_CHECKING:
    import asyncio

QUEUED: Final = 0
PICKED: Final = 1
DONE: Final = 2
WITHDRAWN: Final = 3


class Work:
    """A group or job, its state, its outcome, and the thread or event loop that waits for it."""

    __slots__ = ("_answered", "error", "future", "loop", "queued_s", "result", "state", "what")

    def __init__(
        self,
        what: WriteGroup | Callable[[], Any],
        loop: "asyncio.AbstractEventLoop | None" = None,
    ) -> None:
        self.what = what
        self.queued_s = time.monotonic()
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


def queue_full(what: WriteGroup | Callable[[], Any]) -> Refusal:
    """Refuse a group; a job has no verdict and raises."""
    bound = limits.MAX_QUEUED_GROUPS
    message = f"Not written: {bound} writes are queued already. Retry when some have landed."
    facts = {"limit": bound, "actual": bound + 1, "excess": 1}
    if not isinstance(what, WriteGroup):
        raise LimitExceeded(message, **facts)
    return Refusal(code=LimitExceeded.code, message=message, facts=facts)


def lost_sight(what: WriteGroup | Callable[[], Any], deadline_s: float) -> Unknown:
    """Answer for a group that was picked up; a job has no verdict and raises."""
    message = f"Sent, and the deadline of {deadline_s:g} s passed while it was being committed."
    if not isinstance(what, WriteGroup):
        raise OutcomeUnknown(message)
    return Unknown(message)
