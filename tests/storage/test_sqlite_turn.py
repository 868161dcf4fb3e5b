import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonplace.core.verdict import Accepted
from commonplace.errors import EngineUnavailable
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.step import Program
from groups import appending, creating
from processes import Process

HOLDER = """
import sys
from commonplace.storage.sqlite.turn import FileTurn
turn = FileTurn(sys.argv[1])
turn.take()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(str(tmp_path / "team.db"))
    engine.open(create=True)
    assert isinstance(engine.propose(creating(), 30.0), Accepted)
    yield engine
    engine.close()


def test_a_stopped_holder_is_named_and_nothing_is_written(engine: SqliteEngine) -> None:
    with Process(HOLDER, engine.path) as holder:
        assert holder.hear() == "held"
        holder.send(signal.SIGSTOP)
        with pytest.raises(EngineUnavailable, match=f"process {holder.pid} on") as caught:
            engine.propose(appending("late"), 0.1)
        assert "Nothing was written" in str(caught.value)
        with pytest.raises(EngineUnavailable, match=f"process {holder.pid} on"):
            engine.execute("acme", _nothing(), 0.0)
        assert engine.position("acme").revision == 1  # reads go on
    assert engine.barrier("acme").revision == 1


def test_when_a_holder_is_killed_the_others_go_on_at_once(engine: SqliteEngine) -> None:
    with Process(HOLDER, engine.path) as holder:
        assert holder.hear() == "held"
        with pytest.raises(EngineUnavailable):
            engine.propose(appending("a"), 0.0)
        holder.kill()
        assert isinstance(engine.propose(appending("b"), 30.0), Accepted)


def test_close_does_not_wait_for_a_holder(tmp_path: Path, engine: SqliteEngine) -> None:
    with Process(HOLDER, engine.path) as holder:
        assert holder.hear() == "held"
        with pytest.raises(EngineUnavailable):
            engine.propose(appending("a"), 0.0)
        engine.close()
        holder.say()
        assert holder.end() == 0


WRITER = """
import sys, time
from groups import appending, creating
from commonplace.model.entry import EntryKey
from commonplace.storage.sqlite.engine import SqliteEngine
engine = SqliteEngine(sys.argv[1])
engine.open(create=False)
block = EntryKey("agent/web-1", sys.argv[2])
engine.propose(creating(block), 30.0)
print("ready", flush=True)
sys.stdin.readline()
until = time.perf_counter() + 1.0
count, worst = 0, 0.0
while time.perf_counter() < until:
    group = appending("- a line", block)
    before = time.perf_counter()
    engine.propose(group, 30.0)
    worst = max(worst, time.perf_counter() - before)
    count += 1
print(count, worst, flush=True)
"""


def test_processes_share_the_turn(engine: SqliteEngine) -> None:
    writers = [Process(WRITER, engine.path, f"b{number}") for number in range(4)]
    for writer in writers:
        assert writer.hear() == "ready"
    for writer in writers:
        writer.say()
    answers = [writer.hear().split() for writer in writers]
    for writer in writers:
        writer.__exit__(None, None, None)
    counts = [int(count) for count, _ in answers]
    fair = sum(counts) / len(counts)
    print(
        f"shares {[round(c / fair, 3) for c in counts]}, worst wait "
        f"{max(float(worst) for _, worst in answers) * 1000:.1f} ms"
    )
    assert engine.position("acme").revision == 1 + sum(counts) + len(counts)
    assert min(counts) > 0


def _nothing() -> Program[None]:
    yield ()
