import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonplace import limits
from commonplace.core.verdict import Accepted
from commonplace.storage.sqlite import kernel
from commonplace.storage.sqlite.engine import SqliteEngine
from groups import appending, creating
from processes import Process


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(str(tmp_path / "team.db"))
    engine.open(create=True)
    assert isinstance(engine.propose(creating(), 30.0), Accepted)
    yield engine
    engine.close()


OTHER = """
import sys
from commonplace.storage.sqlite.engine import SqliteEngine
engine = SqliteEngine(sys.argv[1])
engine.open(create=False)
engine.subscribe("acme", lambda: print("woken", flush=True))
print(engine.presence(), flush=True)
sys.stdin.readline()
engine.close()
"""


class Bell:
    """A subscriber that a test can wait for."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._rung = threading.Semaphore(0)
        self.end = engine.subscribe("acme", self._rung.release)

    def rang(self, timeout_s: float = 30.0) -> bool:
        return self._rung.acquire(timeout=timeout_s)


@pytest.mark.skipif(not kernel.HAS_BELLS, reason="no unix datagram sockets here")
def test_a_commit_wakes_the_other_processes_by_bell_alone(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = OTHER.replace("import sys", "import sys; from commonplace import limits", 1).replace(
        "engine = ", "limits.BACKSTOP_S = 3600.0; engine = ", 1
    )
    with Process(code, engine.path) as other:
        assert other.hear()
        engine.propose(appending("a"), 30.0)
        assert other.hear() == "woken"


def test_without_a_bell_the_backstop_wakes(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACKSTOP_S", 0.01)
    other = SqliteEngine(engine.path)
    other.open(create=False)
    bell = Bell(other)
    engine._doorbell._bells.ring = lambda: None
    engine.propose(appending("a"), 30.0)
    assert bell.rang()
    other.close()


def test_the_backstop_sees_what_was_committed_before_its_thread_ran(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACKSTOP_S", 0.01)
    other = SqliteEngine(engine.path)
    other.open(create=False)
    engine._doorbell._bells.ring = lambda: None
    start = threading.Thread.start

    def late(thread: threading.Thread) -> None:
        if thread.name == "commonplace-bell":
            engine.propose(appending("a"), 30.0)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", late)
    assert Bell(other).rang()
    other.close()


def test_a_commit_wakes_this_process_before_it_returns(engine: SqliteEngine) -> None:
    bell = Bell(engine)
    engine.propose(appending("a"), 30.0)
    assert bell.rang(0.0)
    bell.end()
    engine.propose(appending("b"), 30.0)
    assert not bell.rang(0.0)


def test_a_refusal_wakes_nobody(engine: SqliteEngine) -> None:
    bell = Bell(engine)
    engine.propose(creating(), 30.0)
    while bell.rang(0.0):
        pass
    assert not bell.rang(0.0)


def test_bells_held_ring_once_at_the_end(engine: SqliteEngine) -> None:
    bell = Bell(engine)
    let_go = engine.hold_bells(3600.0)
    engine.propose(appending("a"), 30.0)
    engine.propose(appending("b"), 30.0)
    let_go()
    let_go()
    assert bell.rang(0.0)


def test_bells_held_ring_after_the_longest_wait(engine: SqliteEngine) -> None:
    bell = Bell(engine)
    engine.hold_bells(0.01)
    engine.propose(appending("a"), 30.0)
    assert bell.rang()


def test_a_dead_listener_s_bell_is_taken_down(engine: SqliteEngine) -> None:
    bells = Path(f"{engine.path}-bells")
    with Process(OTHER, engine.path) as other:
        token = other.hear()
        assert (bells / f"{token}.bell").exists()
        other.kill()
    engine.propose(appending("a"), 30.0)
    assert not (bells / f"{token}.bell").exists()


def test_bells_work_on_a_deep_path(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    engine = SqliteEngine(str(folder / "team.db"))
    engine.open(create=True)
    with Process(OTHER, engine.path) as other:
        assert other.hear()
        engine.propose(creating(), 30.0)
        assert other.hear() == "woken"
    engine.close()


def test_presence_ends_with_the_process(engine: SqliteEngine) -> None:
    with Process(OTHER, engine.path) as other:
        token = other.hear()
        assert engine.is_present(token) is True
        other.kill()
        assert engine.is_present(token) is False
    assert not os.path.exists(f"{engine.path}-bells/{token}.present")


def test_presence_ends_with_close(engine: SqliteEngine) -> None:
    with Process(OTHER, engine.path) as other:
        token = other.hear()
        other.say()
        assert other.end() == 0
        assert engine.is_present(token) is False


def test_one_s_own_presence_and_what_is_no_token(engine: SqliteEngine) -> None:
    assert engine.is_present(engine.presence()) is True
    assert engine.is_present("../../etc/passwd") is None
    assert engine.is_present("") is None


def test_what_the_dead_left_is_swept_at_the_next_open(engine: SqliteEngine) -> None:
    bells = Path(f"{engine.path}-bells")
    with Process(OTHER, engine.path) as other:
        token = other.hear()
        other.kill()
    assert (bells / f"{token}.present").exists()
    third = SqliteEngine(engine.path)
    third.open(create=False)
    assert not (bells / f"{token}.present").exists()
    assert engine.is_present(third.presence()) is True
    third.close()
