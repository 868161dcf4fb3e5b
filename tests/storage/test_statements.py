import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import psycopg
import pytest

import commonplace
from commonplace.storage.postgres import statements as postgres
from commonplace.storage.postgres.migrations import migrate, migrations
from commonplace.storage.programs.deriving import DERIVED, TABLES
from commonplace.storage.sqlite import statements as sqlite
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.statements import read_statements, sections

OF_SQLITE = {"data_version"}
"""What only SQLite is asked."""
OF_OPENING, OF_COPIES, OF_DRIVER = (
    {name for name, _ in sections((postgres.FOLDER / file).read_text("utf-8"))}
    for file in ("opening.sql", "copies.sql", "engine.sql")
)
ALONE = OF_OPENING | OF_COPIES
"""What is asked outside of every program, in types of its own."""
OF_POSTGRES = ALONE | OF_DRIVER
"""What only PostgreSQL is asked: outside of every program, and by its driver."""
BOUNDS = {"begin_write", "begin_read", "begin_step", "commit", "rollback"}
"""Statements of transactions, which cannot be prepared."""
MADE = (
    *(f"{table.name}_{ending}" for table in TABLES.values() for ending in ("probe", "count")),
    *(f"{table.name}_{ending}" for table in TABLES.values() for ending in ("scan", "drop")),
    *(f"{table}_purge" for table in DERIVED),
    *TABLES,
)
"""Statements whose names are put together."""
FEWER = {"sought_delete": 1}
"""Values bound on PostgreSQL where its driver leaves some out."""


def test_a_statement_file_is_read_by_sections() -> None:
    text = "-- About.\n\n-- name: one\n-- Why.\nSELECT 1;\n\n-- name: two\n-- Why.\nSELECT\n  2\n"
    assert dict(sections(text)) == {"one": "SELECT 1", "two": "SELECT\n2"}
    with pytest.raises(ValueError, match="a reason"):
        dict(sections("-- name: one\nSELECT 1"))
    with pytest.raises(ValueError, match="without a name"):
        dict(sections("SELECT 1"))


def test_a_name_stands_for_one_statement_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "0001_schema.sql").write_text("CREATE TABLE a (x)")
    (tmp_path / "read.sql").write_text("-- name: one\n-- Why.\nSELECT 1")
    assert read_statements(tmp_path) == {"one": "SELECT 1"}
    (tmp_path / "write.sql").write_text("-- name: one\n-- Why.\nSELECT 2")
    with pytest.raises(ValueError, match="a second statement named one"):
        read_statements(tmp_path)


def test_both_engines_hold_the_same_names() -> None:
    assert OF_POSTGRES.isdisjoint(sqlite.statements())
    assert set(sqlite.statements()) - OF_SQLITE == set(postgres.statements()) - OF_POSTGRES


def test_every_statement_that_is_asked_for_exists_in_both() -> None:
    asked = {*named_in_programs(), *MADE}
    assert len(asked) > 100
    assert asked - OF_POSTGRES <= set(sqlite.statements())
    assert asked <= set(postgres.statements())


def named_in_programs() -> Iterator[str]:
    """The names that are written out in `Statement("…")` anywhere in the package."""
    for path in Path(commonplace.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) != "Statement":
                continue
            if isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_every_statement_of_sqlite_compiles(tmp_path: Path) -> None:
    engine = SqliteEngine(str(tmp_path / "team.db"))
    engine.open(create=True)
    engine.close()
    connection = apsw.Connection(str(tmp_path / "team.db"))
    for name, sql in sqlite.statements().items():
        try:
            connection.execute(f"EXPLAIN {sql}" if not sql.startswith("PRAGMA") else sql)
        except apsw.BindingsError:
            continue  # it compiled, and wants its values
        except apsw.Error as error:
            raise AssertionError(f"{name}: {error}") from error
    connection.close()


@contextmanager
def schema_in(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(database, autocommit=True) as connection:
        migrate(connection, migrations())
        yield connection


def test_every_statement_of_postgres_takes_what_is_bound_and_gives_what_is_read(
    database: str,
) -> None:
    """Values go out as bigint, text or bytea, alone or as the array of a column."""
    with schema_in(database) as connection:
        for name, sql in postgres.statements().items():
            if name in BOUNDS | ALONE:
                continue
            connection.execute(f"PREPARE {name} AS {sql}".encode())
        rows = connection.execute(
            b"SELECT name, parameter_types::text[], result_types::text[] "
            b"FROM pg_prepared_statements"
        ).fetchall()
    found = {str(name): (taken, given or []) for name, taken, given in rows}
    assert set(found) == set(postgres.statements()) - BOUNDS - ALONE
    set_wise = postgres.set_wise()
    for name, (taken, given) in found.items():
        assert set(given) <= {"bigint", "text", "bytea"}, name
        if name in set_wise:
            assert taken == [f"{kind}[]" for kind in set_wise[name]], name
        else:
            assert set(taken) <= {"bigint", "text", "bytea", "bigint[]"}, name
        if name in sqlite.statements():
            assert len(taken) == FEWER.get(name, bound_by_sqlite(name)), name


def bound_by_sqlite(name: str) -> int:
    sql = sqlite.statements()[name]
    numbered = [int(number) for number in re.findall(r"\?(\d+)", sql)]
    return max(numbered, default=sql.count("?"))


def test_every_table_of_postgres_is_fenced(database: str) -> None:
    with schema_in(database) as connection:
        tables = connection.execute(
            b"SELECT relname, relrowsecurity AND relforcerowsecurity, (SELECT count(*) "
            b"FROM pg_policy WHERE polrelid = c.oid AND polqual IS NOT NULL "
            b"AND polwithcheck IS NOT NULL) FROM pg_class c "
            b"WHERE relnamespace = 'commonplace'::regnamespace AND relkind = 'r' "
            b"AND relname <> 'migration'"
        ).fetchall()
    assert {str(name) for name, *_ in tables} >= {"tenant", "log", "entry", "sought", *DERIVED}
    assert [name for name, *fence in tables if fence != [True, 1]] == []
