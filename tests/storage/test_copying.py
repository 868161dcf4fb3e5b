"""Copies of a whole PostgreSQL memory: to one file and back, or not at all."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from commonplace import Memory
from commonplace.errors import (
    CommonplaceError,
    DamagedMemory,
    EngineUnavailable,
    NewerSchema,
    NotAMemory,
    NotFound,
)
from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import copying
from commonplace.storage.postgres.copyfile import Contents, CopyReader, CopyWriter, Table
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.postgres.migrations import migrate, migrations
from commonplace.storage.postgres.place import place_of
from commonplace.testing.databases import Databases

TENANTS = ("acme", "b", "zeta")
WIDER = Migration(
    2,
    "ALTER TABLE commonplace.entry ADD COLUMN novel bigint NOT NULL DEFAULT 7;"
    "CREATE TABLE commonplace.later (tenant text NOT NULL PRIMARY KEY);",
)
"""A migration that does not exist yet."""


@pytest.fixture
def empty(databases: Databases) -> Iterator[str]:
    """Another database, without our schema; and so it is given back."""
    address = databases.take_bare()
    yield address
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS commonplace CASCADE")
    databases.give_back(address)


@contextmanager
def opened(address: str) -> Iterator[PostgresEngine]:
    engine = PostgresEngine(address)
    engine.open(create=True)
    try:
        yield engine
    finally:
        engine.close()


def live(address: str) -> None:
    """Something in every table."""
    for tenant in TENANTS:
        with Memory(address, actor="lead", tenant=tenant) as memory:
            task = memory.create_task("q3", share={"web": "editor"})
            findings, report = task.create_block("findings"), task.create_block("report")
            plan = task.create_channel("plan")
            findings.append(f"Churn fell in {tenant}. \u00e9\n\tback\\slash")
            with memory.as_actor("web") as web, web.turn() as turn:
                turn.render(web.task("q3").block("findings"))
                web.task("q3").block("report").append("It fell.", turn=turn)
            report.append("Indeed.", based_on=["task/q3:findings@1"])
            plan.publish({"steps": ["read"]})
            plan.dispatch("web", {"step": "read"})
            memory.retract("task/q3:findings@1", reason="wrong")
            findings.append("x" * 300_000)


def rows_of(address: str) -> dict[str, list[str]]:
    """Every row of every table that a copy holds, as text."""
    with psycopg.connect(address, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname NOT IN"
            " ('ticket', 'migration') AND relnamespace = 'commonplace'::regnamespace"
        ).fetchall()
        return {
            name: sorted(
                row[0]
                for row in connection.execute(
                    psycopg.sql.SQL("SELECT t::text FROM {} t").format(
                        psycopg.sql.Identifier("commonplace", name)
                    )
                )
            )
            for (name,) in tables
        }


def copy_of(address: str, folder: Path) -> Path:
    with opened(address) as engine:
        engine.snapshot(str(folder / "copy"))
    return folder / "copy"


def test_a_copy_holds_all_tenants_and_all_tables(database: str, empty: str, tmp_path: Path) -> None:
    live(database)
    copy = copy_of(database, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["copy"]
    before = rows_of(database)
    assert {name for name, rows in before.items() if not rows} <= {"refusal"}
    with opened(empty) as engine:
        engine.restore(str(copy))
    assert rows_of(empty) == before
    for tenant in TENANTS:
        with Memory(empty, actor="lead", tenant=tenant, create=False) as memory:
            assert memory.audit().ok
            memory.task("q3").block("report").append("and on")
            assert memory.audit().ok


def test_a_copy_is_of_one_moment_while_others_write(
    database: str, empty: str, tmp_path: Path
) -> None:
    with Memory(database, actor="lead") as memory:
        block = memory.create_task("q3").create_block("findings")
        done = threading.Event()
        begun = threading.Event()

        def write() -> None:
            while not done.is_set():
                block.append("one more")
                begun.set()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            assert begun.wait(30)
            copy = copy_of(database, tmp_path)
            stood = memory.position().revision
        finally:
            done.set()
            writer.join()
    with opened(empty) as engine:
        engine.restore(str(copy))
    with Memory(empty, actor="lead", create=False) as memory:
        assert 2 < memory.position().revision <= stood
        assert memory.audit().ok


def test_what_is_in_the_way_is_not_overwritten(database: str, tmp_path: Path) -> None:
    with opened(database) as engine:
        (tmp_path / "mine").write_text("mine")
        with pytest.raises(EngineUnavailable, match="exists"):
            engine.snapshot(str(tmp_path / "mine"))
        assert (tmp_path / "mine").read_text() == "mine"
        with pytest.raises(NotFound, match="directory"):
            engine.snapshot(str(tmp_path / "no" / "copy"))


def test_a_copy_that_fails_leaves_no_file(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: CopyWriter) -> None:
        raise OSError(28, os.strerror(28))

    with opened(database) as engine:
        monkeypatch.setattr(CopyWriter, "end_table", fail)
        with pytest.raises(EngineUnavailable, match="No space"):
            engine.snapshot(str(tmp_path / "copy"))
    assert not list(tmp_path.iterdir())


def test_a_memory_with_anything_in_it_is_not_overwritten(
    database: str, empty: str, tmp_path: Path
) -> None:
    live(database)
    copy = copy_of(database, tmp_path)
    with Memory(empty, actor="other", tenant="mine"):
        before = rows_of(empty)
        with opened(empty) as engine, pytest.raises(EngineUnavailable, match="not empty"):
            engine.restore(str(copy))
    assert rows_of(empty) == before


def test_what_a_purged_tenant_left_is_no_hindrance(
    database: str, empty: str, tmp_path: Path
) -> None:
    live(database)
    copy = copy_of(database, tmp_path)
    with opened(empty) as engine:
        with psycopg.connect(empty, autocommit=True) as connection:
            connection.execute("INSERT INTO commonplace.seeking VALUES ('acme', 1, 1)")
        engine.restore(str(copy))
    assert rows_of(empty) == rows_of(database)


def test_files_that_are_no_copy(empty: str, tmp_path: Path) -> None:
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "text").write_text("not a copy, but a text that is a good deal longer than magic")
    Memory(tmp_path / "team.db", actor="lead").open().close()
    with opened(empty) as engine:
        for name in ("nothing", "text", "team.db", "."):
            with pytest.raises(NotAMemory):
                engine.restore(str(tmp_path / name))
        with pytest.raises(NotFound):
            engine.restore(str(tmp_path / "absent"))
    assert not any(rows_of(empty).values())


def test_a_copy_that_was_cut_or_changed_changes_nothing(
    database: str, empty: str, tmp_path: Path
) -> None:
    live(database)
    whole = copy_of(database, tmp_path).read_bytes()
    bad = tmp_path / "bad"
    with opened(empty) as engine:
        before = rows_of(empty)
        for part in range(40):
            at = len(whole) * part // 40
            bad.write_bytes(whole[:at])
            with pytest.raises(CommonplaceError) as cut:
                engine.restore(str(bad))
            assert isinstance(cut.value, NotAMemory | DamagedMemory)
            bad.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(CommonplaceError) as changed:
                engine.restore(str(bad))
            assert isinstance(changed.value, NotAMemory | DamagedMemory)
        bad.write_bytes(whole[:-1])
        with pytest.raises(DamagedMemory, match="digest"):
            engine.restore(str(bad))
        bad.write_bytes(whole + b"x")
        with pytest.raises(DamagedMemory, match="follows"):
            engine.restore(str(bad))
        assert rows_of(empty) == before


def forge(path: Path, contents: Contents, tables: dict[str, bytes] | None = None) -> str:
    """A file that is whole and says what it likes."""
    with path.open("wb") as file:
        writer = CopyWriter(file, contents)
        for table in contents.tables:
            writer.write((tables or {}).get(table.name, b""))
            writer.end_table()
        writer.finish()
    return str(path)


def test_a_forged_copy_changes_nothing(empty: str, tmp_path: Path) -> None:
    newest = len(migrations())
    with opened(empty) as engine:
        before = rows_of(empty)
        with pytest.raises(NewerSchema, match="upgrade"):
            engine.restore(forge(tmp_path / "newer", Contents(newest + 1, ())))
        with pytest.raises(NotAMemory, match="no schema"):
            engine.restore(forge(tmp_path / "none", Contents(0, ())))
        with pytest.raises(NotAMemory, match="tables"):
            engine.restore(forge(tmp_path / "less", Contents(newest, (Table("log", ("a",)),))))
        copy = tmp_path / "copy"
        engine.snapshot(str(copy))
        with CopyReader(str(copy)) as reader:
            contents = reader.contents
        hostile = forge(tmp_path / "hostile", contents, {"tenant": b"PGCOPY\n\xff\r\n\0 nonsense"})
        with pytest.raises(EngineUnavailable):
            engine.restore(hostile)
        assert rows_of(empty) == before
        engine.restore(str(copy))  # an empty one is as good as any


def test_a_copy_of_an_older_schema_is_migrated(database: str, empty: str, tmp_path: Path) -> None:
    live(database)
    copy = copy_of(database, tmp_path)
    steps = (*migrations(), WIDER)
    with psycopg.connect(empty, autocommit=True) as connection:
        migrate(connection, steps)
        copying.read_copy(place_of(empty), str(copy), steps)
        novel = connection.execute("SELECT DISTINCT novel FROM commonplace.entry").fetchall()
        assert novel == [(7,)]
        notes = connection.execute("SELECT number FROM commonplace.migration").fetchall()
        assert notes == [(1,), (2,)]
        fenced = connection.execute(
            "SELECT relrowsecurity AND relforcerowsecurity AND"
            " has_table_privilege('commonplace', oid, 'INSERT')"
            " FROM pg_class WHERE oid = 'commonplace.log'::regclass"
        ).fetchall()
        assert fenced == [(True,)]
    assert rows_of(empty)["log"] == rows_of(database)["log"]


def test_a_role_that_row_level_security_binds_makes_no_copy_of_nothing(
    database: str, empty: str, tmp_path: Path
) -> None:
    live(database)
    whole = copy_of(database, tmp_path)
    as_role = f"?options={quote('-c role=commonplace')}"
    with opened(database + as_role) as engine, pytest.raises(EngineUnavailable, match="pg_dump"):
        engine.snapshot(str(tmp_path / "another"))
    assert not (tmp_path / "another").exists()
    Memory(empty, actor="lead").open().close()
    with opened(empty + as_role) as engine, pytest.raises(EngineUnavailable, match="BYPASSRLS"):
        engine.restore(str(whole))


def test_the_file_ends_with_the_digest_of_the_rest(database: str, tmp_path: Path) -> None:
    whole = copy_of(database, tmp_path).read_bytes()
    assert hashlib.sha256(whole[:-32]).digest() == whole[-32:]
