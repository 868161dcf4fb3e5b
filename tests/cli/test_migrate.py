"""migrate: the schema of a file or database, looked at or brought up to date."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import apsw
import psycopg
import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from commonplace.storage.postgres.migrations import migrations as of_postgres
from commonplace.storage.sqlite.migrations import migrations as of_sqlite
from commonplace.storage.sqlite.schema import migrate
from commonplace.testing.databases import Databases
from processes import Process
from shell import Shell

NEWEST = len(of_sqlite())

MIGRATE = """
import sys
from commonplace.storage.schema import migrate
print("ready", flush=True)
for line in sys.stdin:
    print(migrate(line.strip()).newest, flush=True)
"""


@pytest.fixture
def bare(databases: Databases) -> Iterator[str]:
    address = databases.take_bare()
    yield address
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS commonplace CASCADE")
    databases.give_back(address)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as the first release made it."""
    return made_old(tmp_path / "old.db")


def made_old(path: Path) -> Path:
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.execute(of_sqlite()[0].script)
    connection.pragma("user_version", 1)
    connection.pragma("application_id", 0x434D4E50)
    connection.close()
    return path


def test_a_database_is_looked_at_and_brought_up_to_date(shell: Shell, bare: str) -> None:
    newest = len(of_postgres())
    looked = shell.run("migrate", bare, "--check")
    assert looked.exit_code == exits.FINDINGS
    assert looked.stdout == (
        f"schema 0 of {newest}: 1 migration is missing. Run `commonplace migrate ADDRESS`.\n"
    )
    (found,) = (shell.run("migrate", bare, "--check", "--json").stdout).splitlines()
    assert found == '{"type":"schema","ok":false,"found":0,"newest":1,"missing":1}'
    with psycopg.connect(bare) as connection:
        row = connection.execute("SELECT to_regnamespace('commonplace')").fetchone()
        assert row == (None,)
    assert shell.lines("migrate", bare) == [f"schema {newest}, migrated from 0"]
    assert shell.lines("migrate", bare) == [f"schema {newest}, up to date"]
    assert shell.lines("migrate", bare, "--check") == [f"schema {newest}, up to date"]
    (done,) = shell.objects("migrate", bare)
    assert (done["found"], done["missing"], done["ok"]) == (newest, 0, True)
    assert tuple(done) == ("type", *OBJECTS["schema"].fields)


def test_a_file_is_looked_at_and_brought_up_to_date(shell: Shell, old: Path) -> None:
    before = old.read_bytes()
    looked = shell.run("migrate", str(old), "--check")
    assert looked.exit_code == exits.FINDINGS
    assert looked.stdout == (
        f"schema 1 of {NEWEST}: {NEWEST - 1} migrations are missing. Run "
        f"`commonplace migrate {old}`.\n"
    )
    assert old.read_bytes() == before
    assert shell.lines("migrate", "--memory", str(old)) == [f"schema {NEWEST}, migrated from 1"]
    assert shell.lines("migrate", str(old), "--check") == [f"schema {NEWEST}, up to date"]
    with Memory(old, actor="lead") as memory:
        assert memory.audit().ok


def test_of_many_who_migrate_a_file_at_once_one_does(tmp_path: Path) -> None:
    with ExitStack() as stack:
        those = [stack.enter_context(Process(MIGRATE)) for _ in range(4)]
        assert [each.hear() for each in those] == ["ready"] * 4
        for number in range(20):
            path = made_old(tmp_path / f"{number}.db")
            for each in those:
                each.say(str(path))
            assert [each.hear() for each in those] == [str(NEWEST)] * 4
            with Memory(path, actor="lead") as memory:
                assert memory.audit().ok


def test_a_migration_of_a_file_that_fails_leaves_nothing(old: Path) -> None:
    broken = of_sqlite()[1]._replace(script=of_sqlite()[1].script + ";SELECT no_such();")
    before = old.read_bytes()
    with pytest.raises(Exception, match="no_such"):
        migrate(str(old), (of_sqlite()[0], broken))
    assert old.read_bytes() == before
    assert migrate(str(old)) == (1, NEWEST)


def test_what_cannot_be_migrated_is_told_by_the_exit_code(
    shell: Shell, team: Shell, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("not a memory")
    newer = tmp_path / "newer.db"
    connection = apsw.Connection(str(newer))
    connection.pragma("user_version", NEWEST + 1)
    connection.pragma("application_id", 0x434D4E50)
    connection.execute("CREATE TABLE later (x)")
    connection.close()
    for address, code, words in (
        (str(tmp_path / "no.db"), exits.NOT_FOUND, "no memory at"),
        (str(tmp_path / "text"), exits.UNAVAILABLE, "not a SQLite file"),
        (str(newer), exits.UNAVAILABLE, "upgrade"),
        (":memory:", exits.USAGE, "name a file"),
        ("https://team", exits.USAGE, "no address"),
        ("postgresql://nobody@127.0.0.1:1/x", exits.UNAVAILABLE, "Check that the server runs"),
    ):
        for options in ((), ("--check",)):
            result = shell.run("migrate", address, *options)
            assert result.exit_code == code, (address, result.stderr)
            assert words in result.stderr, address
    assert not (tmp_path / "no.db").exists()
    assert not os.path.exists(":memory:")


def test_without_an_address_it_is_the_memory_that_is_named(team: Shell) -> None:
    assert team.lines("migrate") == [f"schema {NEWEST}, up to date"]
