"""Indexing: what is taken away leaves the text index, what comes enters it, damage shows."""

from pathlib import Path
from typing import Any

import pytest

from commonplace import limits
from commonplace.errors import AccessDenied, DamagedMemory
from commonplace.model.actor import Actor
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.indexing import index_all, reindex_page, restart
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.seeking import Indexed, candidates
from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.programs.upkeep.transfer import export_log, import_log
from commonplace.storage.proposal import draft
from commonplace.storage.texts import words
from histories import (
    BLOCK,
    IN_MEMORY,
    NOTES,
    TENANT,
    Memory,
    busy,
    opened,
    stopped,
)
from searches import agrees, brute, cursor, everything, forget, live, needles, sought


@pytest.fixture(params=[4, 64])
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The index is carried on every few commits, in small batches."""
    monkeypatch.setattr(limits, "INDEX_EVERY_REVISIONS", request.param)
    monkeypatch.setattr(limits, "INDEX_BATCH_RECORDS", 16)
    return int(request.param)


# --- what is taken away ---------------------------------------------------------------------------

RARE = "𐎀𓀀𝄞 🂡𐎀𝄞 𓀀🂡𝄞"


def traces(memory: Memory) -> list[str]:
    """Characters that only the secret has, wherever they are in the file."""
    raw = memory.raw()
    return [each for each in set(RARE) - {" "} if each.encode() in raw]


@pytest.mark.parametrize("overwritten", [0, 512])
@pytest.mark.parametrize("merged", [False, True])
def test_what_is_erased_leaves_the_index_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merged: bool, overwritten: int
) -> None:
    monkeypatch.setattr(limits, "INDEX_OVERWRITTEN", overwritten)
    with opened(tmp_path / "m.db") as memory:
        memory.append("before")
        memory.append(RARE)
        memory.commit(
            draft(BLOCK, "append", {"text": f"{RARE} twice"}),
            draft(NOTES, "append", {"text": "beside it"}),
        )
        beside = memory.head.revision
        memory.execute(index_all(TENANT))
        for number in range(40):
            memory.append(f"later {number}")
            memory.execute(index_all(TENANT))
        if merged:
            memory.sql("INSERT INTO sought (sought) VALUES ('optimize')")
        assert len(sought(memory, RARE)) == 2 and traces(memory)
        memory.execute(erase(memory.author, BLOCK, [2]))
        assert sought(memory, RARE) == set() and not traces(memory)
        assert sought(memory, "beside it") == {(beside, 0 + 1)}
        assert len(sought(memory, "later")) == 40
        got = memory.engine.read(TENANT, candidates(memory.reader, "later", limit=9))
        assert got.unsearchable == 2
        memory.assert_sound()


def test_what_is_compacted_leaves_it_too(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.put({"who": RARE})
        memory.put({"who": "somebody else"})
        for number in range(30):
            memory.append(f"line {number}")
        memory.execute(index_all(TENANT))
        assert traces(memory)
        memory.execute(compact(memory.author, memory.head.revision))
        memory.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert not traces(memory)
        assert memory.sql("SELECT v FROM sought_config WHERE k = 'secure-delete'") == [(1,)]
        got = memory.engine.read(TENANT, candidates(memory.reader, "line", limit=99))
        assert len(got.records) == 1 and got.unsearchable == 30
        agrees(memory, 1)
        memory.assert_sound()


def test_an_audit_after_another_and_an_erasure_finds_no_damage(tmp_path: Path) -> None:
    """FTS5 checks itself against what its connection read last, which the erasure has replaced."""
    with opened(tmp_path / "m.db") as memory:
        for number in range(600):
            memory.append(f"Line {number} says something long enough.")
        memory.assert_sound()
        memory.append("More of it.", NOTES)
        memory.execute(erase(memory.author, NOTES))
        memory.execute(erase(memory.author, BLOCK, [7, 8, 9]))
        memory.execute(compact(memory.author, memory.head.revision))
        memory.assert_sound()


def test_an_erasure_after_a_compaction_that_was_cut_short(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        for _ in range(3):
            memory.append(RARE)
        memory.append("the last")
        for number in range(20):
            memory.append(f"more {number}", NOTES)
        memory.execute(index_all(TENANT))
        steps = 0
        while not stopped(memory, compact(memory.author, memory.head.revision), steps):
            steps += 1
            if memory.sql("SELECT v FROM sought_config WHERE k = 'secure-delete'") == [(0,)]:
                break
        assert steps > 5
        memory.execute(erase(memory.author, BLOCK, [1, 2, 3]))
        assert not traces(memory)
        memory.assert_sound()


@pytest.mark.parametrize("seed", range(3))
def test_retention_and_erasure_of_any_history(tmp_path: Path, often: int, seed: int) -> None:
    with opened(tmp_path / "m.db") as memory:
        busy(memory, seed, 60)
        live(memory, seed, 60)
        memory.execute(erase(memory.author, BLOCK, [3, 8, 20]))
        agrees(memory, seed)
        memory.execute(compact(memory.author, memory.head.revision - 20))
        agrees(memory, seed)
        memory.execute(archive(memory.author, memory.head.revision - 40, str(tmp_path / "a")))
        agrees(memory, seed)
        busy(memory, seed + 9, 20)
        agrees(memory, seed)
        memory.assert_sound()


def test_an_import_is_indexed_and_a_follower_too(tmp_path: Path, often: int) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as copy:
        live(memory, 3, 80)
        memory.engine.read(TENANT, export_log(memory.reader, str(tmp_path / "log")))
        copy.execute(import_log(copy.reader, str(tmp_path / "log")))
        assert cursor(copy) == copy.head.revision
        live(memory, 4, 30)
        memory.execute(erase(memory.author, BLOCK, [5]))
        copy.engine.apply(TENANT, memory.engine.tail(TENANT, copy.head.revision, 1000))
        assert copy.head == memory.head
        made = everything(memory)
        for text in needles(made, 3):
            assert sought(copy, text) == sought(memory, text) == brute(made, text)
        memory.assert_sound()
        copy.assert_sound()


def test_a_file_of_the_schema_before_is_indexed_as_it_is_written_to(
    tmp_path: Path, often: int
) -> None:
    with opened(tmp_path / "m.db") as memory:
        live(memory, 2, 60)
        for undo in (
            "DROP TABLE sought",
            "DROP TABLE seeking",
            "DROP INDEX log_unsaid",
            "ALTER TABLE log DROP COLUMN made",
            "PRAGMA user_version = 2",
        ):
            memory.sql(undo)
    with opened(tmp_path / "m.db", found=False) as memory:
        assert cursor(memory) == 0
        agrees(memory, 2)
        for number in range(8 * often):
            memory.append(f"more {number}", NOTES)
        assert cursor(memory) > 60
        agrees(memory, 3)
        memory.assert_sound()


def test_lines_that_nobody_knows_are_said_to_be_unsearchable(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as copy:
        memory.append("one line\nanother line")
        memory.append("a third line")
        memory.write(BLOCK, "replace", old="third", new="fourth")
        memory.execute(erase(memory.author, BLOCK, [1]))
        memory.engine.read(TENANT, export_log(memory.reader, str(tmp_path / "log")))
        copy.execute(import_log(copy.reader, str(tmp_path / "log")))
        for each, unsearchable, whole in ((memory, 1, 1), (copy, 2, 0)):
            got = each.engine.read(TENANT, candidates(each.reader, "fourth", limit=9))
            assert len(got.records) == 1 and got.unsearchable == unsearchable
            assert len(sought(each, "a fourth line")) == whole


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruined", ["id > 10", "id = 10"])
def test_damage_to_the_index_stops_no_writer_and_gives_no_wrong_answer(
    tmp_path: Path, ruined: str
) -> None:
    with opened(tmp_path / "m.db") as memory:
        for number in range(50):
            memory.append(f"something to find {number}")
        memory.execute(index_all(TENANT))
        memory.sql(f"UPDATE sought_data SET block = x'00ff00ff00ff00ff' WHERE {ruined}")
        memory.engine._connections.writer.reopen()
        for number in range(limits.INDEX_EVERY_REVISIONS + 10):
            memory.append(f"and more {number}")
        with pytest.raises(DamagedMemory, match="reindex"):
            sought(memory, "something to find")
        report = memory.audit()
        assert {finding.code for finding in report.findings} == {"index"}
        memory.execute(restart(memory.reader))
        assert len(sought(memory, "something to find")) == 50
        tenant: Any = ""
        while tenant is not None:
            tenant = memory.execute(reindex_page(tenant))
        assert cursor(memory) == memory.head.revision
        assert len(sought(memory, "something to find")) == 50
        memory.assert_sound()


def test_damage_to_what_was_written_stops_no_writer(often: int) -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, 4, 30)
        damaged = (b"\xff", b"5", b'{"hunks":5}', b'{"value":{"a":[{}]}}', b'{"hunks":[1]}')
        for number, payload in enumerate(damaged):
            memory.sql("UPDATE log SET payload = ? WHERE revision = ?", payload, 12 + number)
        forget(memory)
        for number in range(4 * often):
            memory.append(f"further {number}", NOTES)
        assert cursor(memory) > 16
        assert len(sought(memory, "further")) == 4 * often
        assert not memory.audit().ok


def test_the_audit_finds_rows_that_are_missing_or_made_up() -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, 2, 60)
        memory.execute(index_all(TENANT))
        memory.assert_sound()
        number, revision = memory.sql("SELECT number, revision FROM seeking")[0]
        at = Indexed(number, revision)
        place, said = sorted(everything(memory).items())[-3]
        row, gone = at.row(*place), " ".join(words(said))
        assert gone and at.place(row) == place
        memory.sql("INSERT INTO sought (sought, rowid, text) VALUES ('delete', ?, ?)", row, gone)
        assert {finding.code for finding in memory.audit().findings} == {"index"}
        memory.sql("INSERT INTO sought (rowid, text) VALUES (?, ?)", row, gone)
        memory.assert_sound()
        memory.sql("INSERT INTO sought (rowid, text) VALUES (?, ?)", at.row(1, 0), gone)
        assert {finding.code for finding in memory.audit().findings} == {"index"}
        memory.execute(restart(memory.reader))
        memory.assert_sound()
        memory.sql("UPDATE seeking SET revision = 10000")
        assert {finding.code for finding in memory.audit().findings} == {"index"}


def test_only_an_owner_makes_it_anew() -> None:
    with opened(IN_MEMORY) as memory:
        bob = Author(Reader(TENANT, "bob", StateCache()), Actor("bob"))
        with pytest.raises(AccessDenied):
            memory.execute(restart(bob.reader))
