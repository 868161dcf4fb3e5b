"""Derived tables: whatever happens to a log, they are what it gives, and an audit sees to it."""

import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from commonplace import Compacted, FutureRevision, InvalidValue, Memory
from commonplace.model.entry import EntryKey
from commonplace.storage.codec import encode
from commonplace.storage.logfile import Item
from commonplace.storage.programs.deriving import TABLES, derived
from commonplace.storage.programs.taking_back.noticing import acknowledgement
from commonplace.storage.programs.upkeep.applying import apply_items, apply_records
from commonplace.storage.programs.upkeep.forgetting import served_floor
from commonplace.storage.proposal import draft, group_of
from crews import DERIVED, SPACE, Crew, crew, tables_of
from processes import Process

FINDINGS = f"{SPACE}:findings"
PLAN = "plan"


def lived(team: Crew) -> None:
    """Something for every derived table."""
    team.append("web", "right\nwrong")
    channel = team["lead"].task("q3").create_channel(PLAN, share={"ana": "reader"})
    channel.publish({"step": 1})
    team["lead"].task("q3").channel(PLAN).dispatch("ana", {"do": "this"})
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
        team.append("ana", "built", "notes", turn=turn)
        turn.read(team.block("ana", "report"))
        with pytest.raises(Exception, match="does not occur"):
            team.block("ana").replace("nowhere", "x", turn=turn)
    with team["wri"].turn() as turn:
        turn.read(team.block("wri"))
        based = [f"{FINDINGS}@1#L2", f"{SPACE}:notes", f"{FINDINGS}@1#L2"]
        team.append("wri", "said", "report", based_on=based, turn=turn)
    team["web"].retract(f"{FINDINGS}@1#L2", replacement="less wrong", reason="misread")
    (notice,) = team.notices("ana").notices
    team.commit("ana", acknowledgement(notice, rerun=False))
    team["web"].supersede(f"{FINDINGS}@1#L1", replacement="newer")
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
        team.append("ana", "built again", "notes", turn=turn)


def sound(memory: Memory) -> None:
    report = memory.audit()
    assert report.ok, [str(finding) for finding in report.findings]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Crew]:
    with crew(tmp_path / "team.db") as team:
        lived(team)
        yield team


# --- an audit finds every change ----------------------------------------------------------------


def other(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else f"{value}x"


def test_every_table_has_rows(team: Crew) -> None:
    assert {table: bool(rows) for table, rows in team.tables().items()} == dict.fromkeys(
        DERIVED, True
    )
    sound(team["lead"])


@pytest.mark.parametrize("table", DERIVED)
def test_an_edit_of_any_column_is_found(team: Crew, table: str) -> None:
    rows = team.sql(f"SELECT * FROM {table}")
    columns = [row[1] for row in team.sql(f"PRAGMA table_info({table})")]
    for column in columns[1:]:
        value = rows[0][columns.index(column)]
        changed = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE {column} = ?"
        team.sql(changed, other(value), value)
        assert found(team, table), column
        restore(team, table, rows)
    sound(team["lead"])


@pytest.mark.parametrize("table", DERIVED)
def test_a_row_that_is_missing_or_one_too_many_is_found(team: Crew, table: str) -> None:
    rows = team.sql(f"SELECT * FROM {table}")
    team.sql(f"DELETE FROM {table}")
    assert found(team, table)
    restore(team, table, rows)
    columns = [row[1] for row in team.sql(f"PRAGMA table_info({table})")]
    one = [
        other(value) if name in {"turn", "actor", "key", "ordinal"} else value
        for name, value in zip(columns, rows[0], strict=True)
    ]
    restore(team, table, [*rows, tuple(one)])
    assert found(team, table), one
    restore(team, table, rows)
    sound(team["lead"])


def found(team: Crew, table: str) -> bool:
    """Whether an audit says of the table that something is wrong."""
    report = team["lead"].audit()
    words = {"notice": "notice", "waiting": "wait"}.get(table, f"table {table}")
    return any(each.code == "derived" and words in each.message for each in report.findings)


def restore(team: Crew, table: str, rows: Sequence[Any]) -> None:
    team.sql(f"DELETE FROM {table}")
    for row in rows:
        team.sql(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)


# --- copies -------------------------------------------------------------------------------------


def test_an_import_and_a_copy_have_the_same_rows(team: Crew, tmp_path: Path) -> None:
    before = team.tables()
    team["lead"].export(tmp_path / "log.ndjson")
    with Memory(str(tmp_path / "other.db"), actor="lead") as other:
        other.import_log(tmp_path / "log.ndjson")
        assert tables_of(other) == before
        sound(other)
    team["lead"].backup(tmp_path / "copy.db")
    with Memory(str(tmp_path / "copy.db"), actor="lead") as copy:
        assert tables_of(copy) == before


@pytest.mark.parametrize("seed", range(4))
def test_a_follower_has_the_same_rows_in_any_batches(team: Crew, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    engine = team["lead"]._opened().engine
    with Memory(str(tmp_path / "follower.db"), actor="lead", tenant="other") as follower:
        there = follower._opened().engine
        at, head = 0, team["lead"].position().revision
        while at < head:
            step = chance.choice((1, 2, 5, 100))
            records = engine.tail("default", at, step)
            there.execute("default", apply_records("default", records), 60.0)
            at += step
        theirs = tables_of(follower)
    assert theirs == team.tables()


def test_a_notice_given_and_settled_in_one_batch_is_settled(team: Crew, tmp_path: Path) -> None:
    engine = team["lead"]._opened().engine
    records = engine.tail("default", 0, 10_000)
    assert {"retract", "acknowledge"} <= {record.operation for record in records}
    with Memory(str(tmp_path / "f.db"), actor="lead", tenant="other") as follower:
        items = [Item(record) for record in records]
        follower._opened().engine.execute("default", apply_items("default", items), 60.0)
        settled = {row[1]: row[-1] for row in tables_of(follower)["notice"]}
    assert settled == {"ana": "acknowledged", "wri": ""}


# --- retention ----------------------------------------------------------------------------------


def test_compaction_takes_none_of_it(team: Crew, tmp_path: Path) -> None:
    before = team.tables()
    team["lead"].compact(team["lead"].position().revision)
    assert team.tables() == before
    sound(team["lead"])
    team["lead"].export(tmp_path / "log.ndjson")
    with Memory(str(tmp_path / "other.db"), actor="lead") as other:
        other.import_log(tmp_path / "log.ndjson")
        assert tables_of(other) == before, "a payload that says something of others was dropped"
    assert team.marks("findings")[1][0] == "retracted [1]"
    assert [notice.text for notice in team.notices("wri").notices] == [None]


def test_an_archive_takes_what_its_records_made(team: Crew, tmp_path: Path) -> None:
    head = team["lead"].position().revision
    team["lead"].compact(head)
    team["lead"].archive(tmp_path / "old.ndjson", through=head)
    after = team.tables()
    assert after["taken_back"] != [] and len(after["served"]) < 5
    sound(team["lead"])
    team["lead"].export(tmp_path / "log.ndjson")
    with Memory(str(tmp_path / "other.db"), actor="lead") as other:
        other.import_log(tmp_path / "log.ndjson")
        assert tables_of(other) == after
        sound(other)
    team.append("ana", "and on", "notes", based_on=[FINDINGS])
    sound(team["lead"])


def test_a_turn_across_the_archive_is_told_by_what_is_left(tmp_path: Path) -> None:
    with crew(tmp_path / "team.db") as team:
        team.append("web", "one")
        with team["ana"].turn() as turn:
            turn.read(team.block("ana"))
            team.append("ana", "first", "notes", turn=turn)
            turn.read(team.block("ana", "notes"))
            second = team.append("ana", "second", "notes", turn=turn).revision
            with team["ana"].turn() as other:
                other.read(team.block("ana"))
        floor = team["lead"].position().revision
        ((_, name, *_, told, _),) = [row for row in team.tables()["turn"] if row[1] == turn.id]
        assert (name, told) == (turn.id, second - 1)
        team["lead"].compact(floor)
        team["lead"].archive(tmp_path / "first.ndjson", through=second)
        assert [row[4] for row in team.tables()["turn"] if row[1] == turn.id] == [second]
        sound(team["lead"])
        team["lead"].archive(tmp_path / "second.ndjson", through=floor)
        assert {row[1] for row in team.tables()["turn"]} == {other.id}
        sound(team["lead"])


# --- what turns were served has a retention of its own ------------------------------------------


def test_what_was_served_is_forgotten_below_a_revision(team: Crew, tmp_path: Path) -> None:
    middle = next(row[12] for row in team.tables()["served"] if row[10] == "wri")
    head = team["lead"].position().revision
    before = team.tables()
    done = team["lead"].forget_served(middle, reason="a year is enough")
    assert (done.floor, done.records > 0) == (middle, True)
    after = team.tables()
    assert [row for row in before["served"] if row[12] >= middle] == after["served"]
    assert after["refusal"] == []
    for table in ("lineage", "taken_back", "suspect", "notice", "waiting"):
        assert after[table] == before[table], table
    sound(team["lead"])
    assert team.read("lead", served_floor("default")) == middle
    record = team["lead"].log(region="_retention", limit=1)[0]
    assert (record.operation, record.arguments, record.reason) == (
        "raise_floor",
        {"revision": middle},
        "a year is enough",
    )
    # Idempotent, and a lower one is a no-op.
    at = team["lead"].position()
    assert team["lead"].forget_served(middle).records == 0
    assert team["lead"].forget_served(1).floor == middle
    assert team["lead"].position() == at and team.tables() == after
    # Notices given before wait on; a later retraction says that it cannot know whom to tell.
    assert team.notices("wri").notices[0].turns
    seen = team["lead"].retract(f"{SPACE}:notes@1", dry_run=True)
    assert seen.served_floor == middle > 0
    team["lead"].export(tmp_path / "log.ndjson")
    with Memory(str(tmp_path / "other.db"), actor="lead") as other:
        other.import_log(tmp_path / "log.ndjson")
        assert tables_of(other) == after
        sound(other)
    with pytest.raises(FutureRevision):
        team["lead"].forget_served(head + 100)
    with pytest.raises(InvalidValue):
        team["lead"].forget_served(-1)
    with pytest.raises(Exception, match="owner of the tenant"):
        team["ana"].forget_served(1)


def test_the_newest_of_each_actor_stays_and_goes_next_time(team: Crew) -> None:
    end = team["lead"].position().revision + 1
    team["lead"].forget_served(end)
    left = {row[10] for row in team.tables()["served"]}
    assert left == {"ana", "wri"}
    sound(team["lead"])
    for actor in ("ana", "wri"):
        with team[actor].turn() as turn:
            turn.read(team.block(actor))
    sound(team["lead"])
    team["lead"].forget_served(end)
    assert {row[12] for row in team.tables()["served"]}.isdisjoint(range(end))
    sound(team["lead"])


# --- erasure ------------------------------------------------------------------------------------


def test_an_erased_retraction_is_still_one(team: Crew, tmp_path: Path) -> None:
    before = team.tables()
    retraction = team.marks("findings")
    done = team["lead"].erase(f"{FINDINGS}@2", reason="the replacement named somebody")
    assert 2 in done.records
    assert team.tables() == before
    assert set(team.marks("findings")) == set(retraction)
    sound(team["lead"])
    # Settled after the erasure, and erased again: the last word stands, in every copy.
    (notice,) = team.notices("wri").notices
    team.commit("wri", acknowledgement(notice, rerun=True))
    team["lead"].erase(f"{FINDINGS}@3", reason="and this one")
    after = team.tables()
    sound(team["lead"])
    team["lead"].export(tmp_path / "log.ndjson")
    with Memory(str(tmp_path / "other.db"), actor="lead") as other:
        other.import_log(tmp_path / "log.ndjson")
        assert tables_of(other) == after
        sound(other)
    # An archive takes them with the erasure that said them.
    head = team["lead"].position().revision
    team.append("web", "and on")
    team["lead"].compact(head + 1)
    team["lead"].archive(tmp_path / "old.ndjson", through=head)
    sound(team["lead"])


def test_derived_tables_hold_nothing_of_what_was_written(team: Crew) -> None:
    words = ("wrong", "misread", "built", "nowhere", "this")
    held = encode({table: [list(row) for row in rows] for table, rows in team.tables().items()})
    assert not [word for word in words if word.encode() in held]


def test_an_erasure_lists_what_turns_built_on_it(team: Crew) -> None:
    done = team["lead"].erase(f"{FINDINGS}@1")
    listed = {str(each.reference): each.edge for each in done.review}
    assert listed == {f"{SPACE}:report@1": "declared", f"{SPACE}:notes@1": "inferred"}


# --- all or nothing -----------------------------------------------------------------------------


DYING = """
import sys
from commonplace import Memory
from commonplace.storage.sqlite.driver import Driver

def hang(self):
    print("stored", flush=True)
    sys.stdin.readline()

with Memory(sys.argv[1], actor="web") as memory:
    Driver._commit = hang
    memory.retract(sys.argv[2], replacement="right")
"""


def test_killed_before_its_commit_nothing_of_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "team.db"
    with crew(path) as team:
        team.append("web", "wrong")
        with team["ana"].turn() as turn:
            turn.read(team.block("ana"))
            team.append("ana", "built", "notes", turn=turn)
        before, head = team.tables(), team["lead"].position()
        with Process(DYING, str(path), f"{FINDINGS}@1") as dying:
            assert dying.hear() == "stored", "every row of it was sent to the database"
            dying.send(signal.SIGKILL)
            dying.kill()
        assert team.tables() == before and team["lead"].position() == head
        assert team.block("ana").read().text == "wrong" and team.notices("ana").notices == ()
        done = team["web"].retract(f"{FINDINGS}@1", replacement="right")
        assert (done.total, done.told) == (1, ("ana",)) and not done.unchanged
        sound(team["lead"])


def test_no_row_without_its_record(tmp_path: Path) -> None:
    """A hostile raw write with the wrong shape is refused before anything is derived from it."""
    with crew(tmp_path / "team.db") as team:
        team.append("web", "x")
        entry = EntryKey(SPACE, "findings")
        whole = {"versions": [1], "lines": [], "current": False}
        for wrong in (
            {**whole, "suspects": [["a"]]},
            {**whole, "told": ["\n"]},
            {**whole, "versions": []},
            {**whole, "versions": None},
            {**whole, "versions": [[1], 1 << 80, "x"]},
            {"lines": [], "current": False},
            {**whole, "lines": [[1]]},
            {**whole, "of": [0, 1, 2]},
            {**whole, "of": [1, 3, 2]},
            {**whole, "of": [1, 0, 2]},
            {"current": False, "versions": [1], "retold": [{"at": [1]}]},
        ):
            operation = "erase" if "retold" in wrong else "retract"
            session = team["lead"]._opened()
            group = group_of("default", session.actor, [draft(entry, operation, wrong)])
            verdict = session.engine.propose(group, 10.0)
            assert type(verdict).__name__ == "Refusal", wrong
        sound(team["lead"])


def test_most_records_derive_nothing(team: Crew) -> None:
    records = team["lead"]._opened().engine.tail("default", 0, 10_000)
    plain = [record for record in records if record.operation == "append" and not record.based_on]
    assert plain and derived("default", plain) == []
    assert {table.name for table in TABLES.values()} < set(DERIVED)
    with pytest.raises(apsw.SQLError):
        team.sql("SELECT bytes FROM served")
    assert Compacted.code == "compacted"
