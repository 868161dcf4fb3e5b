"""A clock that jumps, forwards or back: order holds, writers go on, no retry lands twice."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from commonplace import limits
from commonplace.core.verdict import Accepted, Refusal
from commonplace.storage.programs import reading
from commonplace.storage.sqlite.engine import SqliteEngine
from groups import BLOCK, TENANT, appending, creating

DAY_US = 24 * 3600 * 1_000_000
FAR_US = 30 * 365 * DAY_US


class Clock:
    """The machine's clock, off by `off_us`."""

    off_us = 0

    def __call__(self) -> int:
        return time.time_ns() // 1000 + self.off_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(clock: Clock) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(":memory:", clock_us=clock)
    engine.open(create=True)
    assert isinstance(engine.propose(creating(), 5), Accepted)
    yield engine
    engine.close()


def test_commit_times_never_run_backwards(engine: SqliteEngine, clock: Clock) -> None:
    for off_us in (0, FAR_US, 0, -FAR_US):
        clock.off_us = off_us
        group = replace(appending("x"), key_time_us=clock())
        assert isinstance(engine.propose(group, 5), Accepted)
    times = [record.at_us for record in engine.tail(TENANT, 0, 100)]
    assert times == sorted(times)


def test_writers_go_on_after_the_clock_was_mended(engine: SqliteEngine, clock: Clock) -> None:
    clock.off_us = FAR_US
    assert isinstance(engine.propose(replace(appending("far"), key_time_us=clock()), 5), Accepted)
    clock.off_us = 0
    assert isinstance(engine.propose(appending("now"), 5), Accepted)


def test_a_key_that_a_jump_swept_is_refused_and_not_written_again(
    engine: SqliteEngine, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SWEEP_EVERY_REVISIONS", 1)
    first = appending("once")
    assert isinstance(engine.propose(first, 5), Accepted)
    clock.off_us = FAR_US
    for _ in range(2):  # the rows from before the jump are swept
        group = replace(appending("far"), key_time_us=clock())
        assert isinstance(engine.propose(group, 5), Accepted)
    clock.off_us = 0
    head = engine.position(TENANT)
    again = engine.propose(first, 5)
    assert isinstance(again, Refusal)
    assert again.code == "idempotency_expired"
    assert engine.position(TENANT) == head
    entries = engine.read(TENANT, reading.entries(TENANT, [BLOCK]))
    assert entries[BLOCK].version == 3
    assert isinstance(engine.propose(appending("new"), 5), Accepted)
