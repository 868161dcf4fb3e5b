from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from commonplace.core.verdict import Accepted, Duplicate, Unknown
from commonplace.errors import DamagedMemory, EngineUnavailable, NotFound, OutcomeUnknown
from commonplace.storage.migrations import Migration, read_migrations
from commonplace.storage.sqlite.driver import Driver
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.sqlite.faults import CommitUnknown, translate
from commonplace.storage.sqlite.migrations import migrate, schema_of
from commonplace.storage.sqlite.statements import statements
from commonplace.storage.step import Program, Statement
from groups import TENANT, appending, creating

SQL = {
    "begin_write": "BEGIN IMMEDIATE",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    "insert": "INSERT INTO note VALUES (?)",
    "select": "SELECT text FROM note WHERE text >= ? ORDER BY text",
}


@pytest.fixture
def driver() -> Driver:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE note (text TEXT NOT NULL CHECK (text <> 'poison'))")
    return Driver(connection, SQL, "notes")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SqliteEngine]:
    engine = SqliteEngine(str(tmp_path / "team.db"))
    engine.open(create=True)
    assert isinstance(engine.propose(creating(), 30.0), Accepted)
    yield engine
    engine.close()


def insert(*texts: str) -> Program[list[Any]]:
    """Insert, in one transaction, and give what is then there."""
    yield (Statement("begin_write"),)
    _, rows = yield (
        Statement("insert", [(text,) for text in texts]),
        Statement("select", [("",)]),
    )
    yield (Statement("commit"),)
    return [row[0] for row in rows]


def test_a_program_is_run_step_by_step(driver: Driver) -> None:
    assert driver.run(insert("a", "b")) == ["a", "b"]
    assert driver.run(insert()) == ["a", "b"]


def test_the_rows_of_many_bindings_come_as_one_list(driver: Driver) -> None:
    driver.run(insert("a", "b"))

    def twice() -> Program[Any]:
        return (yield (Statement("select", [("a",), ("b",)]),))

    assert driver.run(twice()) == [[("a",), ("b",), ("b",)]]


def test_an_error_rolls_back_and_closes_the_program(driver: Driver) -> None:
    closed = []

    def failing() -> Program[None]:
        try:
            yield (Statement("begin_write"),)
            yield (Statement("insert", [("a",), ("poison",)]),)
        finally:
            closed.append(True)

    with pytest.raises(EngineUnavailable, match="Nothing was written"):
        driver.run(failing())
    assert closed == [True]
    assert not driver.connection.in_transaction
    assert driver.run(insert()) == []


def test_an_error_of_the_program_rolls_back(driver: Driver) -> None:
    def failing() -> Program[None]:
        yield (Statement("begin_write"), Statement("insert", [("a",)]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        driver.run(failing())
    assert driver.run(insert()) == []


def test_a_program_may_not_leave_its_transaction_open(driver: Driver) -> None:
    def forgetful() -> Program[None]:
        yield (Statement("begin_write"),)

    with pytest.raises(AssertionError, match="inside its transaction"):
        driver.run(forgetful())
    assert driver.run(insert()) == []


class FailingCommit(dict[str, str]):
    """Statements whose COMMIT fails with what SQLite says for a broken disk, having landed."""

    def __init__(self, connection: apsw.Connection, error: apsw.Error) -> None:
        super().__init__(SQL)
        connection.set_commit_hook(None)
        self._connection, self._error = connection, error

    def __getitem__(self, name: str) -> str:
        if name == "commit":
            self._connection.execute("COMMIT")
            raise self._error
        return super().__getitem__(name)


def test_an_error_of_commit_itself_leaves_the_outcome_unknown(driver: Driver) -> None:
    driver._statements = FailingCommit(driver.connection, apsw.IOError("fsync failed"))
    with pytest.raises(CommitUnknown, match="fsync failed"):
        driver.run(insert("a"))
    driver._statements = SQL
    assert driver.run(insert()) == ["a"]


def test_the_engine_says_unknown_and_a_retry_settles_it(engine: SqliteEngine) -> None:
    group = appending("a")
    line = engine._connections.writer
    assert line.driver is not None
    broken = line.driver
    broken._statements = {**statements()}
    commit, broken._commit = broken._commit, _landed_but_failed(broken)  # type: ignore[method-assign]
    verdict = engine.propose(group, 30.0)
    assert isinstance(verdict, Unknown)
    assert line.driver is None  # discarded
    assert isinstance(engine.propose(group, 30.0), Duplicate)
    assert engine.position(TENANT).revision == 2
    del commit


def test_a_job_whose_commit_fails_is_unknown(engine: SqliteEngine) -> None:
    assert engine._connections.writer.driver is not None
    broken = engine._connections.writer.driver
    broken._commit = _landed_but_failed(broken)  # type: ignore[method-assign]

    def job() -> Program[None]:
        yield (Statement("begin_write"), Statement("commit"))

    with pytest.raises(OutcomeUnknown, match="fsync"):
        engine.execute("acme", job(), 30.0)


def _landed_but_failed(driver: Driver) -> Any:
    def commit() -> None:
        driver.connection.execute("COMMIT")
        raise CommitUnknown("fsync failed")

    return commit


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (apsw.FullError("x"), EngineUnavailable, "disk is full"),
        (apsw.ReadOnlyError("x"), EngineUnavailable, "read-only"),
        (apsw.BusyError("x"), EngineUnavailable, "another program"),
        (apsw.IOError("x"), EngineUnavailable, "disk reported an error"),
        (apsw.CorruptError("x"), DamagedMemory, "audit"),
    ],
)
def test_errors_of_sqlite_become_ours(error: apsw.Error, kind: type[Exception], words: str) -> None:
    assert isinstance(translate(error, "team.db"), kind)
    assert words in str(translate(error, "team.db"))


def test_migrations_run_once_in_order_or_not_at_all(tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / "a.db"))
    one = Migration(1, "CREATE TABLE a (x)")
    migrate(connection, [one])
    broken = Migration(2, "CREATE TABLE b (x); CREATE TABLE a (x)")
    with pytest.raises(apsw.SQLError):
        migrate(connection, [one, broken])
    assert schema_of(connection) == 1
    assert not connection.table_exists(None, "b")
    migrate(connection, [one, Migration(2, "CREATE TABLE b (x)")])
    assert schema_of(connection) == 2
    connection.close()


def test_migrations_must_count_from_one(tmp_path: Path) -> None:
    (tmp_path / "0002_second.sql").write_text("SELECT 1")
    with pytest.raises(ValueError, match="count"):
        read_migrations(tmp_path)


def test_a_snapshot_is_restored_elsewhere(engine: SqliteEngine, tmp_path: Path) -> None:
    engine.propose(appending("a"), 30.0)
    engine.snapshot(str(tmp_path / "copy.db"))
    engine.propose(appending("b"), 30.0)
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db"]
    other = SqliteEngine(str(tmp_path / "other.db"))
    other.open(create=True)
    other.restore(str(tmp_path / "copy.db"))
    assert other.position(TENANT).revision == 2
    assert isinstance(other.propose(appending("c"), 30.0), Accepted)
    with pytest.raises(EngineUnavailable, match="not empty"):
        other.restore(str(tmp_path / "copy.db"))
    other.close()


def test_a_snapshot_never_overwrites(engine: SqliteEngine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(EngineUnavailable, match="exists"):
        engine.snapshot(str(tmp_path / "mine.txt"))
    with pytest.raises(NotFound, match="no directory"):
        engine.snapshot(str(tmp_path / "missing" / "copy.db"))
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_a_copy_of_memory_in_memory(tmp_path: Path) -> None:
    engine = SqliteEngine(":memory:")
    engine.open(create=True)
    engine.propose(creating(), 30.0)
    engine.snapshot(str(tmp_path / "copy.db"))
    engine.close()
    engine = SqliteEngine(":memory:")
    engine.open(create=True)
    engine.restore(str(tmp_path / "copy.db"))
    assert engine.position(TENANT).revision == 1
    engine.close()
