import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from commonplace import limits
from commonplace.core.verdict import Accepted, Refusal, Unknown, Verdict
from commonplace.errors import EngineUnavailable
from commonplace.model.write import WriteGroup
from commonplace.storage.lane import Lane
from groups import appending


class SharedTurn:
    """A turn that the test can hold as if it were another process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked = threading.Event()
        self.closed = threading.Event()

    def try_take(self) -> bool:
        return self.lock.acquire(blocking=False)

    def take(self) -> None:
        self.asked.set()
        self.lock.acquire()

    def release(self) -> None:
        if self.lock.locked() and not self.held_by_test:
            self.lock.release()

    held_by_test = False

    def holder(self) -> str:
        return "process 7 on elsewhere has held it"

    def close(self) -> None:
        self.closed.set()

    def __enter__(self) -> None:
        self.lock.acquire()
        self.held_by_test = True

    def __exit__(self, *error: object) -> None:
        self.held_by_test = False
        self.lock.release()


class Writer:
    """Stands for the engine's commit: notes each batch, and waits or fails when told."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.threads: list[str] = []
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.poison = ""

    def __call__(self, groups: Sequence[WriteGroup]) -> Sequence[Verdict]:
        texts = [group.writes[0].arguments["text"] for group in groups]
        self.threads.append(threading.current_thread().name)
        self.entered.release()
        assert self.gate.wait(30)
        if self.poison in texts:
            raise ValueError(self.poison)
        self.batches.append(texts)
        return [Accepted(()) for _ in groups]


@pytest.fixture
def turn() -> SharedTurn:
    return SharedTurn()


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def lane(writer: Writer, turn: SharedTurn) -> Lane:
    return Lane(writer, turn)


class Caller(threading.Thread):
    """Calls in a thread of its own and keeps what comes of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._result: object = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:
            self._error = error

    def result(self) -> object:
        self.join(30)
        assert not self.is_alive()
        if self._error is not None:
            raise self._error
        return self._result


def propose(lane: Lane, text: str, deadline_s: float = 30.0) -> Caller:
    return Caller(lambda: lane.propose(appending(text), deadline_s))


def queued(lane: Lane, count: int) -> None:
    """Wait until `count` pieces of work are in the queue."""
    while len(lane._queue) < count:
        threading.Event().wait(0.001)


def test_a_lone_caller_runs_its_group_in_its_own_thread(lane: Lane, writer: Writer) -> None:
    assert lane.propose(appending("a"), 1.0) == Accepted(())
    assert writer.threads == [threading.current_thread().name]


def test_what_queues_while_a_batch_is_in_flight_goes_in_the_next(
    lane: Lane, writer: Writer
) -> None:
    writer.gate.clear()
    first = propose(lane, "first")
    assert writer.entered.acquire(timeout=30)
    rest = []
    for number in range(5):
        rest.append(propose(lane, f"{number}"))
        queued(lane, number + 1)
    writer.gate.set()
    assert [caller.result() for caller in (first, *rest)] == [Accepted(())] * 6
    assert writer.batches == [["first"], ["0", "1", "2", "3", "4"]]


def test_a_batch_is_bounded(lane: Lane, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BATCH_GROUPS", 2)
    writer.gate.clear()
    callers = [propose(lane, "first")]
    assert writer.entered.acquire(timeout=30)
    for number in range(5):
        callers.append(propose(lane, f"{number}"))
        queued(lane, number + 1)
    writer.gate.set()
    assert [caller.result() for caller in callers] == [Accepted(())] * 6
    assert [len(batch) for batch in writer.batches] == [1, 2, 2, 1]


def test_a_full_queue_refuses(
    lane: Lane, turn: SharedTurn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_QUEUED_GROUPS", 1)
    with turn:
        first = propose(lane, "first")
        queued(lane, 1)
        refused = lane.propose(appending("second"), 30.0)
        assert isinstance(refused, Refusal)
        assert refused.code == "limit_exceeded"
    assert first.result() == Accepted(())


def test_poison_hurts_its_author_alone(lane: Lane, writer: Writer) -> None:
    writer.gate.clear()
    first = propose(lane, "first")
    assert writer.entered.acquire(timeout=30)
    callers = {}
    for number, text in enumerate(("good", "poison", "better")):
        callers[text] = propose(lane, text)
        queued(lane, number + 1)
    writer.poison = "poison"
    writer.gate.set()
    assert first.result() == callers["good"].result() == callers["better"].result() == Accepted(())
    with pytest.raises(ValueError, match="poison"):
        callers["poison"].result()
    assert writer.batches == [["first"], ["good"], ["better"]]


def test_a_deadline_before_pick_up_names_the_holder_and_nothing_is_written(
    lane: Lane, writer: Writer, turn: SharedTurn
) -> None:
    with turn, pytest.raises(EngineUnavailable, match=r"Nothing was written.*process 7"):
        lane.propose(appending("late"), 0.0)
    assert lane.propose(appending("next"), 30.0) == Accepted(())
    assert writer.batches == [["next"]]


def test_a_deadline_after_pick_up_is_unknown(lane: Lane, writer: Writer, turn: SharedTurn) -> None:
    writer.gate.clear()
    with turn:
        caller = propose(lane, "a", deadline_s=0.2)
        queued(lane, 1)
    assert writer.entered.acquire(timeout=30)
    assert isinstance(caller.result(), Unknown)
    writer.gate.set()


def test_a_job_runs_alone_and_in_order(lane: Lane, writer: Writer, turn: SharedTurn) -> None:
    with turn:
        before = propose(lane, "before")
        queued(lane, 1)
        job = Caller(lambda: lane.run(lambda: len(writer.batches), 30.0))
        queued(lane, 2)
        after = propose(lane, "after")
        queued(lane, 3)
    assert job.result() == 1
    assert before.result() == after.result() == Accepted(())
    assert writer.batches == [["before"], ["after"]]


def test_the_error_of_a_job_is_its_caller_s(lane: Lane) -> None:
    def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        lane.run(fail, 1.0)
    assert lane.propose(appending("a"), 1.0) == Accepted(())


def test_an_interrupted_leader_loses_nobody_s_verdict(turn: SharedTurn) -> None:
    interrupted = threading.Event()
    leading = threading.Event()

    def commit(groups: Sequence[WriteGroup]) -> Sequence[Verdict]:
        if not interrupted.is_set():
            leading.set()
            assert interrupted.wait(30)
            raise KeyboardInterrupt
        return [Accepted(()) for _ in groups]

    lane = Lane(commit, turn)
    leader = propose(lane, "interrupted")
    assert leading.wait(30)
    follower = propose(lane, "follower")
    queued(lane, 1)
    interrupted.set()
    with pytest.raises(KeyboardInterrupt):
        leader.result()
    assert follower.result() == Accepted(())


def test_close_refuses_the_queue_and_does_not_wait_for_other_processes(
    lane: Lane, writer: Writer, turn: SharedTurn
) -> None:
    with turn:
        caller = propose(lane, "queued")
        assert turn.asked.wait(30)
        lane.close()
        with pytest.raises(EngineUnavailable, match="Nothing was written"):
            caller.result()
        with pytest.raises(EngineUnavailable, match="closed"):
            lane.propose(appending("later"), 1.0)
        assert not turn.closed.is_set()
    assert turn.closed.wait(30)
    assert writer.batches == []


def test_close_waits_for_the_batch_in_flight(lane: Lane, writer: Writer) -> None:
    writer.gate.clear()
    caller = propose(lane, "a")
    assert writer.entered.acquire(timeout=30)
    closing = Caller(lane.close)
    while not lane._closed:
        threading.Event().wait(0.001)
    assert closing.is_alive()
    writer.gate.set()
    assert caller.result() == Accepted(())
    closing.result()


def test_async_callers_share_batches(lane: Lane, writer: Writer) -> None:
    async def main() -> list[Verdict]:
        return await asyncio.gather(
            *(lane.propose_async(appending(f"{number}"), 30.0) for number in range(20))
        )

    assert asyncio.run(main()) == [Accepted(())] * 20
    assert set(writer.threads) == {"commonplace-lane"}
    assert len(writer.batches) < 20


def test_cancelled_before_pick_up_was_certainly_not_written(
    lane: Lane, writer: Writer, turn: SharedTurn
) -> None:
    async def main() -> asyncio.CancelledError:
        task = asyncio.create_task(lane.propose_async(appending("a"), 30.0))
        await asyncio.to_thread(queued, lane, 1)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error
        raise AssertionError("not cancelled")

    with turn:
        error = asyncio.run(main())
    assert "Nothing was written" in error.__notes__[0]
    assert lane.propose(appending("b"), 30.0) == Accepted(())
    assert writer.batches == [["b"]]


def test_cancelled_after_pick_up_is_unknown(lane: Lane, writer: Writer) -> None:
    async def main() -> asyncio.CancelledError:
        task = asyncio.create_task(lane.propose_async(appending("a"), 30.0))
        assert await asyncio.to_thread(writer.entered.acquire, True, 30)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error
        raise AssertionError("not cancelled")

    writer.gate.clear()
    error = asyncio.run(main())
    writer.gate.set()
    assert "outcome is unknown" in error.__notes__[0]


def test_an_async_deadline_is_told_as_a_sync_one(
    lane: Lane, writer: Writer, turn: SharedTurn
) -> None:
    with turn, pytest.raises(EngineUnavailable, match=r"Nothing was written.*process 7"):
        asyncio.run(lane.propose_async(appending("late"), 0.0))
    writer.gate.clear()
    assert isinstance(asyncio.run(lane.propose_async(appending("b"), 0.2)), Unknown)
    writer.gate.set()
