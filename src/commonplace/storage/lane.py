"""Lane: group commit. Everything that queued while one batch was in flight goes in the next.

There is no timer: a lone writer waits for nobody. A caller that finds the lane idle runs its
own group in its own thread, which costs no switch; whatever queues meanwhile, and whatever
finds another process at work, goes to the lane's background thread. One batch is run per turn
(`Turn`), so that other processes get theirs between two batches.

A piece of work is in one of four states, changed only under the lane's mutex:

    QUEUED ──picked up──> PICKED ──answered──> DONE
       │ ^────turn lost──────┘
       └──deadline, cancellation, close──> WITHDRAWN

What was withdrawn was certainly not written, nor was what went back to the queue. A caller
that stops waiting for picked-up work cannot know: its outcome is `Unknown`.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

from commonplace import limits
from commonplace._lazy import LazyModule
from commonplace.core.verdict import Verdict
from commonplace.errors import CommonplaceError, EngineUnavailable
from commonplace.model.write import WriteGroup
from commonplace.storage.turn import Turn, TurnLost
from commonplace.storage.work import (
    PICKED,
    QUEUED,
    WITHDRAWN,
    Work,
    lost_sight,
    queue_full,
    wake_all,
)
from commonplace.telemetry.metering import tell_batch, watch_depth

T = TypeVar("T")

_asyncio = LazyModule("asyncio")
_PAUSES_IN_VAIN: Final = 16
"""A pause is a microsecond when nobody else wants to run, and as long as they run if they do."""

_log = logging.getLogger("commonplace.lane")


class Lane:
    """The queue to one writer of one database in one process.

    `commit` writes groups in one transaction and gives one verdict each; when it raises,
    nothing of them was written; and when it raises `TurnLost`, they go back to the queue.
    `after` gets the verdicts of each batch once the turn was given up. `monotonic_s`: the clock.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[WriteGroup]], Sequence[Verdict]],
        turn: Turn,
        *,
        after: Callable[[Sequence[Verdict]], None] = lambda verdicts: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._commit = commit
        self._turn = turn
        self._after = after
        self._monotonic_s = monotonic_s
        self._mutex = threading.Lock()
        self._queue: deque[Work] = deque()
        # Busy: somebody (a leading caller or the background thread) sees to the queue.
        self._busy = False
        self._closed = False
        # Held while the writer is in use, so that `close` can wait for the batch in flight.
        self._running = threading.Lock()
        self._thread: threading.Thread | None = None
        self._taking = False
        self._answered = 0  # by the last batch
        self._call = threading.Lock()  # released to call the background thread, once per call
        self._call.acquire()
        watch_depth(self)

    @property
    def depth(self) -> int:
        """How many groups and jobs are queued."""
        return len(self._queue)

    # --- callers ---------------------------------------------------------------------------

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group`; a deadline before pick-up raises `EngineUnavailable`, after: Unknown."""
        return cast(Verdict, self._submit(group, deadline_s))

    def run(self, job: Callable[[], T], deadline_s: float) -> T:
        """Run `job` with the turn held, as a batch of its own.

        A deadline that passes while it runs raises `OutcomeUnknown`.
        """
        return cast(T, self._submit(job, deadline_s))

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop, which is never blocked and woken once per batch.

        A cancellation carries a note that says whether the group may have been written.
        """
        return cast(Verdict, await self._submit_async(group, deadline_s))

    async def run_async(self, job: Callable[[], T], deadline_s: float) -> T:
        """`run` for an event loop; `job` runs on the background thread."""
        return cast(T, await self._submit_async(job, deadline_s))

    def close(self) -> None:
        """Refuse what is queued, wait for the batch in flight, give up the turn; idempotent.

        It does not wait for other processes: a background thread that waits for its turn
        ends by itself when it gets it.
        """
        with self._mutex:
            if self._closed:
                return
            self._closed = True
            refused = list(self._queue)
            self._queue.clear()
            for work in refused:
                work.state = WITHDRAWN
                work.error = EngineUnavailable("Nothing was written: the memory was closed.")
            if self._thread is not None and not self._busy:
                self._busy = True
                self._call.release()
        wake_all(refused)
        with self._running, self._mutex:
            if not self._taking:
                self._turn.close()

    async def _submit_async(self, what: WriteGroup | Callable[[], Any], deadline_s: float) -> Any:
        loop = _asyncio.get_running_loop()
        work = Work(what, loop)
        assert work.future is not None
        with self._mutex:
            self._refuse_closed()
            if len(self._queue) >= limits.MAX_QUEUED_GROUPS:
                return queue_full(what)
            self._queue.append(work)
            if not self._busy:
                self._busy = True
                self._hand_over()
        timer = loop.call_later(deadline_s, self._expire, work, deadline_s)
        try:
            return await work.future
        except _asyncio.CancelledError as error:
            error.add_note(
                "Nothing was written: cancelled while it was still queued."
                if self._withdraw(work)
                else "The outcome is unknown: cancelled while its commit was in flight. "
                "A retry with the same idempotency key settles it."
            )
            raise
        finally:
            timer.cancel()

    # --- a caller's own thread ----------------------------------------------------------------

    def _submit(self, what: WriteGroup | Callable[[], Any], deadline_s: float) -> Any:
        work: Work | None = None
        leading = False
        try:
            with self._mutex:
                self._refuse_closed()
                if not self._busy:
                    leading = self._busy = True
                elif len(self._queue) >= limits.MAX_QUEUED_GROUPS:
                    return queue_full(what)
                else:
                    work = Work(what)
                    self._queue.append(work)
            if leading:
                taken, result = self._lead(what)
                if taken:
                    return result
                work = Work(what)
                with self._mutex:
                    self._refuse_closed()
                    self._queue.appendleft(work)
        finally:
            # Also after a KeyboardInterrupt anywhere above: those who queued go on.
            if leading:
                self._stop_leading()
        assert work is not None
        return self._wait(work, deadline_s)

    def _lead(self, what: WriteGroup | Callable[[], Any]) -> tuple[bool, Any]:
        """Run `what` in the caller's thread if the turn is free: whether it was, and the result."""
        with self._running:
            try:
                self._refuse_closed()
                if not self._turn.try_take():
                    return False, None
                if not isinstance(what, WriteGroup):
                    return True, what()
                tell_batch((None,))
                verdicts = self._commit((what,))
            except TurnLost:
                return False, None
            finally:
                # Before anybody is told, so that the next one need not wait; and whether or
                # not it is held, since an interrupt may fall between taking and knowing it.
                self._turn.release()
        self._tell(verdicts)
        return True, verdicts[0]

    def _stop_leading(self) -> None:
        with self._mutex:
            if self._queue or (self._closed and self._thread is not None):
                self._hand_over()
            else:
                self._busy = False

    def _wait(self, work: Work, deadline_s: float) -> Any:
        until_s = self._monotonic_s() + deadline_s
        try:
            answered = work.wait(until_s - self._monotonic_s())
        except BaseException:
            self._withdraw(work)
            raise
        if not answered:
            if self._withdraw(work):
                raise self._too_late(deadline_s)
            if not work.is_done:
                return lost_sight(work.what, deadline_s)
        return work.outcome()

    def _withdraw(self, work: Work) -> bool:
        """Take `work` back if nobody picked it up; True means it will never be written."""
        with self._mutex:
            if work.state is QUEUED:
                work.state = WITHDRAWN
                self._queue.remove(work)
            return work.state is WITHDRAWN

    def _expire(self, work: Work, deadline_s: float) -> None:
        assert work.future is not None
        if work.future.done():
            return
        try:
            if self._withdraw(work):
                raise self._too_late(deadline_s)
            work.future.set_result(lost_sight(work.what, deadline_s))
        except CommonplaceError as error:
            work.future.set_exception(error)

    def _too_late(self, deadline_s: float) -> EngineUnavailable:
        holder = self._turn.holder()
        cause = holder or "an earlier batch of this process is still being written"
        return EngineUnavailable(
            f"Nothing was written: no turn to write within {deadline_s:g} s, because {cause}. "
            "Retry, with a longer deadline if the wait is expected.",
            holder=holder,
            deadline_s=deadline_s,
        )

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EngineUnavailable("Nothing was written: the memory is closed. Open it first.")

    # --- the background thread ------------------------------------------------------------------

    def _hand_over(self) -> None:
        """Let the background thread see to the queue; called busy, with the mutex held."""
        if self._thread is None:
            # A daemon: nobody has been promised anything that it has not answered yet, so
            # the interpreter may exit under it, even while it waits for another process.
            self._thread = threading.Thread(
                target=self._serve, name="commonplace-lane", daemon=True
            )
            self._thread.start()
        self._call.release()

    def _serve(self) -> None:
        while True:
            self._call.acquire()
            while self._serve_once():
                self._give_way()
            if self._closed:
                return

    def _give_way(self) -> None:
        """Let those just answered come back into one batch, as long as they keep coming.

        No timer: it gives up the processor, and goes on when a few times nobody came. Without
        it the first to come back would have a batch, and a wait for the disk, of its own, with
        all the others in the next.
        """
        seen, in_vain = 0, 0
        while seen < self._answered and in_vain < _PAUSES_IN_VAIN:
            time.sleep(0)
            before, seen = seen, len(self._queue)
            in_vain = in_vain + 1 if seen == before else 0

    def _serve_once(self) -> bool:
        """Take a turn and run one batch; False when the queue is empty or the lane closed."""
        with self._mutex:
            self._taking = bool(self._queue) and not self._closed
            if not self._taking:
                self._busy = False
                return False
        self._turn.take()
        batch: list[Work] = []
        with self._running:
            try:
                with self._mutex:
                    self._taking = False
                    if not self._closed:
                        batch = self._pick_up()
                verdicts = self._run(batch)
            finally:
                self._turn.release()
                if self._closed:
                    self._turn.close()
        wake_all(work for work in batch if work.state is PICKED)
        if verdicts:
            self._tell(verdicts)
        self._answered = len(batch)
        return True

    def _pick_up(self) -> list[Work]:
        """Take a job, or the groups up to the next job; called with the mutex held."""
        batch: list[Work] = []
        while self._queue and len(batch) < limits.MAX_BATCH_GROUPS:
            if batch and not isinstance(self._queue[0].what, WriteGroup):
                break
            work = self._queue.popleft()
            work.state = PICKED
            batch.append(work)
            if not isinstance(work.what, WriteGroup):
                break
        return batch

    def _put_back(self, batch: Sequence[Work]) -> None:
        """Queue works again, in their order and before all others."""
        with self._mutex:
            for work in reversed(batch):
                if self._closed:
                    work.error = EngineUnavailable("Nothing was written: the memory was closed.")
                else:
                    work.state = QUEUED
                    self._queue.appendleft(work)

    def _run(self, batch: Sequence[Work]) -> Sequence[Verdict]:
        """Run a batch and note each outcome; whatever fails is its author's alone."""
        if not batch:
            return ()
        if not isinstance(batch[0].what, WriteGroup):
            self._attempt(batch[0], batch[0].what)
            return ()
        groups = [cast(WriteGroup, work.what) for work in batch]
        tell_batch(work.queued_s for work in batch)
        try:
            verdicts = self._commit(groups)
            assert len(verdicts) == len(batch), "one verdict per group"
        except TurnLost:
            self._put_back(batch)
            return ()
        except BaseException as error:  # boundary: it is raised in its author's thread
            if len(batch) == 1:
                batch[0].error = error
                return ()
            return self._run_singly(batch)
        for work, verdict in zip(batch, verdicts, strict=True):
            work.result = verdict
        return verdicts

    def _run_singly(self, batch: Sequence[Work]) -> Sequence[Verdict]:
        for number, work in enumerate(batch):
            try:
                self._attempt(work, partial(self._commit_one, cast(WriteGroup, work.what)))
            except TurnLost:
                self._put_back(batch[number:])
                batch = batch[:number]
                break
        return [work.result for work in batch if work.error is None]

    def _commit_one(self, group: WriteGroup) -> Verdict:
        return self._commit((group,))[0]

    def _attempt(self, work: Work, job: Callable[[], Any]) -> None:
        try:
            work.result = job()
        except TurnLost:
            raise
        except BaseException as error:  # boundary: it is raised in its author's thread
            work.error = error

    def _tell(self, verdicts: Sequence[Verdict]) -> None:
        try:
            self._after(verdicts)
        except Exception:  # boundary: a committed write is answered whatever its news do
            _log.exception("telling of a batch failed")
