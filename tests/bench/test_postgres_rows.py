import math

import pytest

import commonplace
from commonplace.bench import peer_postgres, scratchpad
from commonplace.bench.bare_postgres import BarePostgres
from commonplace.bench.plan import Plan
from commonplace.bench.rows import postgres_agents, postgres_index, postgres_puts, updating
from commonplace.bench.rows.postgres_alone import ENTRY, begin
from commonplace.bench.server import connect, lent
from commonplace.bench.suite import POSTGRES, chosen

NEEDS_PEER = {"postgres-puts", "postgres-listing"}


@pytest.fixture
def server(postgres_address, monkeypatch, tmp_path):
    monkeypatch.setenv("COMMONPLACE_TEST_POSTGRES", postgres_address)
    with lent(tmp_path) as server:
        yield server


def tiny(folder):
    return Plan(
        folder,
        rounds=1,
        seconds=0.05,
        reads=20,
        writes=10,
        server_history=1_200,
        short_history=600,
        names=20,
        updates=2,
        thought_s=0.001,
    )


@pytest.mark.parametrize("name", POSTGRES)
def test_every_group_of_rows_can_be_measured(name, server, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_agents, "AIMS", {1: 20.0, 2: 1.0})
    for module in (postgres_agents, postgres_puts):
        monkeypatch.setattr(module, "AGENTS", 4)
    monkeypatch.setattr(postgres_index, "_TOGETHER", 4)
    monkeypatch.setattr(updating, "PROCESSES", 2)
    monkeypatch.setattr(peer_postgres, "POOLED", 4)
    rows = POSTGRES[name](tiny(tmp_path), server)
    assert rows
    assert rows[0].parts
    for row in rows:
        assert row.name.startswith("postgres-")
        assert all(math.isfinite(value) for value in row.parts.values())
        if name in NEEDS_PEER and not peer_postgres.is_installed():
            assert row.value is None
            assert "commonplace[bench]" in row.note
        else:
            assert row.value is not None
            assert row.value > 0


def test_groups_are_chosen_one_by_one_or_as_a_family():
    assert chosen(["postgres"]) == ([], list(POSTGRES))
    assert chosen(["alone", "postgres-puts"]) == (["alone"], ["postgres-puts"])
    assert all(chosen([]))


def test_the_databases_of_a_run_are_dropped_with_it(postgres_address, monkeypatch, tmp_path):
    monkeypatch.setenv("COMMONPLACE_TEST_POSTGRES", postgres_address)
    with lent(tmp_path) as server:
        address = server.database("some-name")
        name = address.rpartition("/")[2]
        with connect(address):
            pass
    with connect(postgres_address) as connection:
        query = "SELECT count(*) FROM pg_database WHERE datname = $1"
        assert connection.execute(query, (name,)).fetchone() == (0,)


def test_the_bare_adversary_writes_the_rows_of_a_commit_under_the_next_numbers(server):
    address = server.database("memory")
    begin(address)
    with commonplace.Memory(address, actor="bench") as memory:
        last = memory.task("bench").block("text").read()
    copy = server.database("copy", address)
    bare = BarePostgres(copy, "default", ENTRY)
    for _ in range(3):
        bare.write(bare.next_rows(), "some_bell")
    rows = bare.read()
    bare.close()
    assert rows[-1][0] == last.revision + 3
    assert rows[-1][3] == last.version + 3
    with commonplace.Memory(copy, actor="bench") as memory:
        entry = memory.task("bench").block("text").read()
    assert (entry.text, entry.version) == (last.text, last.version + 3)


def test_a_scratchpad_keeps_what_all_its_agents_add_and_audits_it(server):
    address = server.database("scratchpad")
    scratchpad.begin(address, "d")
    with (
        scratchpad.Scratchpad(address, "d", "a") as one,
        scratchpad.Scratchpad(address, "d", "b") as other,
    ):
        one.append("x")
        other.append("y")
    assert scratchpad.read(address, "d") == (2, "\nx\ny")
    with connect(address) as connection:
        audit = connection.execute("SELECT version, actor, line FROM audit ORDER BY id").fetchall()
    assert audit == [(1, "a", "x"), (2, "b", "y")]
