import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commonplace.core.verdict import Accepted
from commonplace.errors import CommonplaceError, ForkedMemory
from commonplace.storage.programs import reading
from commonplace.storage.sqlite import connections
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.sqlite.turn import FileTurn
from groups import appending, creating
from processes import Process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(str(tmp_path / "team.db"))
    engine.open(create=True)
    assert isinstance(engine.propose(creating(), 30.0), Accepted)
    yield engine
    engine.close()


class Child:
    """A forked child that runs `job`, says what it raised, and waits to be told to go on."""

    def __init__(self, job: Callable[[Callable[[str], None], Callable[[], None]], None]) -> None:
        from_child, to_parent = os.pipe()
        from_parent, to_child = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:

            def say(line: str) -> None:
                os.write(to_parent, line.encode() + b"\n")

            try:
                job(say, lambda: bool(os.read(from_parent, 1)) and None)
            except BaseException as error:
                say(f"{type(error).__name__}: {error}")
            finally:
                os._exit(0)
        os.close(to_parent)
        os.close(from_parent)
        self._in = os.fdopen(from_child)
        self._out = to_child

    def hear(self) -> str:
        return self._in.readline().rstrip("\n")

    def go_on(self) -> None:
        os.write(self._out, b"x")

    def end(self) -> None:
        os.close(self._out)
        self._in.close()
        os.waitpid(self.pid, 0)


def test_every_use_after_a_fork_is_refused(engine: SqliteEngine) -> None:
    uses: list[Callable[[], object]] = [
        lambda: engine.propose(appending("a"), 1.0),
        lambda: engine.read("acme", reading.head("acme")),
        lambda: engine.barrier("acme"),
        lambda: engine.subscribe("acme", lambda: None),
        engine.presence,
        lambda: engine.open(create=False),
        lambda: engine.hold_bells(1.0),
        lambda: engine.snapshot(f"{engine.path}-copy"),
    ]

    def job(say: Callable[[str], None], wait: Callable[[], None]) -> None:
        for use in uses:
            try:
                use()
            except ForkedMemory:
                say("refused")
            except CommonplaceError as error:
                say(repr(error))
        engine.close()  # harmless: a `with` ends in children too
        say(engine.health().reason)

    child = Child(job)
    assert [child.hear() for _ in uses] == ["refused"] * len(uses)
    assert "fork" in child.hear()
    child.end()
    assert isinstance(engine.propose(appending("the parent goes on"), 30.0), Accepted)


def test_a_child_has_kept_nothing_open(engine: SqliteEngine) -> None:
    engine.subscribe("acme", lambda: None)
    engine.position("acme")

    def job(say: Callable[[str], None], wait: Callable[[], None]) -> None:
        names = []
        for fd in os.listdir("/proc/self/fd"):
            try:
                names.append(os.readlink(f"/proc/self/fd/{fd}"))
            except OSError:
                continue
        say(" ".join(name for name in names if "team.db" in name) or "nothing")

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc to look at")
    child = Child(job)
    assert child.hear() == "nothing"
    child.end()


def test_a_memory_of_the_child_s_own_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    """The inherited connections make SQLite believe in locks that the kernel never gave.

    Unless they are closed in the child, the parent's close removes the log under the child,
    and what the child has acknowledged is gone.
    """
    path = str(tmp_path / "team.db")
    engine = SqliteEngine(path)
    engine.open(create=True)
    engine.propose(creating(), 30.0)

    def job(say: Callable[[str], None], wait: Callable[[], None]) -> None:
        own = SqliteEngine(path)
        own.open(create=False)
        say("open")
        wait()
        say(type(own.propose(appending("a"), 30.0)).__name__)

    child = Child(job)
    assert child.hear() == "open"
    engine.close()
    other = SqliteEngine(path)
    other.open(create=False)
    other.close()
    child.go_on()
    assert child.hear() == "Accepted"
    child.end()
    other.open(create=False)
    assert other.position("acme").revision == 2
    other.close()


def test_a_child_forked_while_a_connection_was_in_use_may_not_open_the_memory(
    engine: SqliteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_REST_S", 0.01)
    inside, leave = threading.Event(), threading.Event()

    def slow():
        inside.set()
        assert leave.wait(30)
        yield ()

    reader = threading.Thread(target=lambda: engine.read("acme", slow()))
    reader.start()
    assert inside.wait(30)

    def job(say: Callable[[str], None], wait: Callable[[], None]) -> None:
        SqliteEngine(engine.path).open(create=False)

    child = Child(job)
    assert "Start the process by spawn" in child.hear()
    child.end()
    leave.set()
    reader.join()
    assert engine.position("acme").revision == 1


PARENT = """
import os, sys
from commonplace.storage.sqlite.engine import SqliteEngine
engine = SqliteEngine(sys.argv[1])
engine.open(create=False)
engine._turn.take()
if os.fork() == 0:
    print("forked", flush=True)
    sys.stdin.read()
else:
    sys.stdin.readline()
"""


def test_a_child_does_not_keep_the_hold_of_a_parent_that_is_killed(engine: SqliteEngine) -> None:
    with Process(PARENT, engine.path) as parent:
        assert parent.hear() == "forked"
        parent.kill()
        assert isinstance(engine.propose(appending("at once"), 30.0), Accepted)


def test_programs_that_are_started_inherit_nothing(tmp_path: Path) -> None:
    turn = FileTurn(str(tmp_path / "team.db"))
    turn.take()
    code = "import sys; print('started', flush=True); sys.stdin.readline()"
    with Process(code):
        turn.close()
        again = FileTurn(str(tmp_path / "team.db"))
        assert again.try_take()
        again.close()
