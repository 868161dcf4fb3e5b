"""Migrations on PostgreSQL: forward only, each once and whole, whoever comes at once."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from commonplace import Memory
from commonplace.errors import EngineUnavailable, NewerSchema, NotAMemory, NotFound
from commonplace.storage.migrations import Migration
from commonplace.storage.postgres import opening
from commonplace.storage.postgres.migrations import migrate, migrations
from commonplace.storage.postgres.place import place_of
from commonplace.storage.postgres.schema import migrate as bring_up
from commonplace.storage.schema import Schema, schema
from commonplace.storage.schema import migrate as bring_up_to_date
from commonplace.testing.databases import Databases
from processes import Process

NEWEST = len(migrations())
ROUNDS = 25
AT_ONCE = 4

WIDER = Migration(
    NEWEST + 1,
    "ALTER TABLE commonplace.entry ADD COLUMN novel bigint NOT NULL DEFAULT 7;"
    "CREATE TABLE commonplace.later (tenant text NOT NULL);"
    "INSERT INTO commonplace.later VALUES ('made once');",
)
"""Migrations that do not exist yet."""
BROKEN = Migration(NEWEST + 1, WIDER.script + "SELECT 1 / 0;")
CLASHING = Migration(
    NEWEST + 1,
    WIDER.script + "CREATE UNIQUE INDEX ON commonplace.later (tenant);"
    "INSERT INTO commonplace.later VALUES ('made once');",
)
LATER = Migration(NEWEST + 2, "CREATE TABLE commonplace.last (tenant text);")

AT_THE_SAME_TIME = f"""
import sys
from commonplace import Memory
from commonplace.storage.migrations import Migration
from commonplace.storage.postgres.migrations import migrations
from commonplace.storage.postgres.schema import migrate

address, how = sys.argv[1:]
steps = (*migrations(), Migration({WIDER.number}, {WIDER.script!r}))
print("ready", flush=True)
for _ in sys.stdin:
    if how == "open":
        with Memory(address, actor="lead"):
            pass
    else:
        migrate(address, steps)
    print("done", flush=True)
"""


@pytest.fixture
def bare(databases: Databases) -> Iterator[str]:
    """A database without our schema; and so it is given back."""
    address = databases.take_bare()
    yield address
    forget(address)
    databases.give_back(address)


def forget(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS commonplace CASCADE")


def asked(address: str, question: str) -> list[Any]:
    with psycopg.connect(address, autocommit=True) as connection:
        return [row[0] for row in connection.execute(question.encode())]


def notes(address: str) -> list[int]:
    return asked(address, "SELECT number FROM commonplace.migration ORDER BY number")


def opened(address: str, steps: Sequence[Migration], *, create: bool = True) -> None:
    opening.open_server(place_of(address), steps, create=create)


def test_a_bare_database_is_at_no_schema_and_comes_to_the_newest(bare: str) -> None:
    assert schema(bare) == Schema(0, NEWEST)
    assert schema(bare).missing == NEWEST
    assert asked(bare, "SELECT nspname FROM pg_namespace WHERE nspname = 'commonplace'") == []
    assert bring_up_to_date(bare) == Schema(0, NEWEST)
    assert bring_up_to_date(bare) == schema(bare) == Schema(NEWEST, NEWEST)
    assert notes(bare) == list(range(1, NEWEST + 1))
    with Memory(bare, actor="lead") as memory:
        assert memory.audit().ok


@pytest.mark.parametrize("how", ["open", "migrate"])
def test_of_many_who_start_at_once_one_migrates(bare: str, how: str) -> None:
    last = WIDER.number if how == "migrate" else NEWEST
    with ExitStack() as stack:
        those = [stack.enter_context(Process(AT_THE_SAME_TIME, bare, how)) for _ in range(AT_ONCE)]
        assert [each.hear() for each in those] == ["ready"] * AT_ONCE
        for turn in range(ROUNDS):
            forget(bare)
            for each in those:
                each.say()
            assert [each.hear() for each in those] == ["done"] * AT_ONCE, f"round {turn}"
            assert notes(bare) == list(range(1, last + 1))
            if how == "migrate":
                assert asked(bare, "SELECT tenant FROM commonplace.later") == ["made once"]


def test_old_data_is_opened_by_new_code(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Memory(bare, actor="lead") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("written before", idempotency_key="before")
        stood = memory.position()
    steps = (*migrations(), WIDER)
    monkeypatch.setattr("commonplace.storage.postgres.engine.migrations", lambda: steps)
    with Memory(bare, actor="lead", create=False) as memory:
        assert memory.position() == stood
        block = memory.task("q3").block("findings")
        assert block.append("written before", idempotency_key="before").repeated
        block.append("written after")
        assert memory.audit().ok
    assert notes(bare) == [each.number for each in steps]
    assert asked(bare, "SELECT DISTINCT novel FROM commonplace.entry") == [7]
    granted = "SELECT has_table_privilege('commonplace', 'commonplace.later', 'INSERT')"
    assert asked(bare, granted) == [True]
    with pytest.raises(NewerSchema, match="upgrade"):
        opened(bare, migrations())


@pytest.mark.parametrize("broken", [BROKEN, CLASHING], ids=["error", "clash"])
def test_of_a_migration_that_fails_half_way_nothing_stays(bare: str, broken: Migration) -> None:
    with Memory(bare, actor="lead") as memory:
        memory.create_task("q3").create_block("findings").append("written before")
    with pytest.raises(EngineUnavailable, match="commonplace migrate"):
        opened(bare, (*migrations(), broken, LATER))
    assert notes(bare) == list(range(1, NEWEST + 1))
    assert asked(bare, "SELECT to_regclass('commonplace.later')::text") == [None]
    assert asked(bare, "SELECT to_regclass('commonplace.last')::text") == [None]
    with Memory(bare, actor="lead", create=False) as memory:
        memory.task("q3").block("findings").append("written after")
        assert memory.audit().ok
    opened(bare, (*migrations(), WIDER, LATER))
    assert notes(bare)[-2:] == [WIDER.number, LATER.number]


def test_what_came_before_a_migration_that_fails_stays(bare: str) -> None:
    fails = Migration(LATER.number, LATER.script + "SELECT 1 / 0;")
    with pytest.raises(EngineUnavailable):
        bring_up(bare, (*migrations(), WIDER, fails))
    assert notes(bare)[-1] == WIDER.number
    assert bring_up(bare, (*migrations(), WIDER, LATER)) == (WIDER.number, LATER.number)


def test_whoever_finds_a_migration_under_way_waits_for_it(bare: str) -> None:
    """And applies it, if the other went away."""
    bring_up_to_date(bare)
    with closing(psycopg.connect(bare)) as other:
        other.execute("INSERT INTO commonplace.migration (number) VALUES (%s)", (WIDER.number,))
        with Process(AT_THE_SAME_TIME, bare, "migrate") as process:
            assert process.hear() == "ready"
            process.say()
            wait_for_a_waiter(bare)
            other.rollback()
            assert process.hear() == "done"
    assert asked(bare, "SELECT tenant FROM commonplace.later") == ["made once"]


def wait_for_a_waiter(address: str) -> None:
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    until_s = time.monotonic() + 30
    while asked(address, blocked) == [0]:
        assert time.monotonic() < until_s


def test_the_schema_of_somebody_else_is_not_touched(bare: str) -> None:
    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA commonplace")
        connection.execute("CREATE TABLE commonplace.poems (line text)")
    for look in (schema, bring_up_to_date):
        with pytest.raises(NotAMemory, match="another database"):
            look(bare)
    assert asked(bare, "SELECT to_regclass('commonplace.log')::text") == [None]


def test_a_newer_schema_is_refused(bare: str) -> None:
    with psycopg.connect(bare, autocommit=True) as connection:
        migrate(connection, (*migrations(), WIDER))
    for look in (schema, bring_up_to_date):
        with pytest.raises(NewerSchema, match="upgrade"):
            look(bare)
    assert notes(bare)[-1] == WIDER.number


def test_a_role_that_may_make_nothing_is_told_who_should(bare: str) -> None:
    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS commonplace_guest")
        connection.execute("CREATE ROLE commonplace_guest")
    try:
        guest = f"{bare}?options={quote('-c role=commonplace_guest')}"
        with pytest.raises(EngineUnavailable, match="as its owner"):
            bring_up_to_date(guest)
        with pytest.raises(NotFound):
            opened(guest, migrations(), create=False)
        assert asked(bare, "SELECT to_regclass('commonplace.log')::text") == [None]
        bring_up_to_date(bare)
        for look in (schema, bring_up_to_date):
            with pytest.raises(EngineUnavailable, match="as the owner"):
                look(guest)
    finally:
        with psycopg.connect(bare, autocommit=True) as connection:
            connection.execute("DROP ROLE commonplace_guest")


def test_rights_that_were_taken_from_the_application_role_are_given_back(bare: str) -> None:
    bring_up_to_date(bare)
    may = "SELECT has_table_privilege('commonplace', 'commonplace.log', 'INSERT')"
    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute("REVOKE ALL ON ALL TABLES IN SCHEMA commonplace FROM commonplace")
    assert asked(bare, may) == [False]
    assert bring_up_to_date(bare).missing == 0
    assert asked(bare, may) == [True]
