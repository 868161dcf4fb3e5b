"""Transfer: out to a file and in again, byte for byte, or not at all."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from commonplace import limits
from commonplace.core.digest import commitment, genesis, link
from commonplace.core.retention import StateDigest
from commonplace.errors import (
    AccessDenied,
    DamagedFile,
    InvalidInput,
    NotFound,
    Refused,
    UnfitRecord,
)
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position
from commonplace.model.record import Body
from commonplace.storage.cache import StateCache
from commonplace.storage.codec import encode
from commonplace.storage.logfile import Header, Item, record_line
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.applying import apply_items, apply_records
from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.programs.upkeep.transfer import export_log, export_records, import_log
from histories import BLOCK, FACT, IN_MEMORY, NOTES, TENANT, Memory, busy, opened, stopped

READER = Reader(TENANT, "owner", StateCache())


def export(memory: Memory, path: Path) -> bytes:
    position = memory.engine.read(TENANT, export_log(memory.reader, str(path)))
    assert position == memory.head
    return path.read_bytes()


def values(memory: Memory) -> dict[EntryKey, Any]:
    return memory.all_values(memory.head.revision)


def lived(memory: Memory, seed: int) -> None:
    """A life with everything in it."""
    busy(memory, seed, 60)
    memory.execute(erase(memory.author, BLOCK, [1, 5]))
    busy(memory, seed + 1, 40)
    memory.execute(compact(memory.author, memory.head.revision - 15))
    busy(memory, seed + 2, 30)
    memory.execute(erase(memory.author, NOTES, [1]))


@pytest.mark.parametrize("seed", range(3))
def test_a_round_trip_gives_the_same_bytes(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        lived(memory, seed)
        first = export(memory, tmp_path / "a.log")
        assert other.execute(import_log(READER, str(tmp_path / "a.log"))) == memory.head
        assert other.head == memory.head
        assert export(other, tmp_path / "b.log") == first
        other.assert_sound()
        floor = memory.audit().floor
        for revision in range(floor, memory.head.revision + 1):
            assert other.all_values(revision) == memory.all_values(revision)
        busy(other, seed + 9, 30)
        other.assert_sound()
        memory.append("a history of its own")
        with pytest.raises(Refused):
            memory.execute(import_log(READER, str(_export(other, tmp_path / "c.log"))))
        memory.assert_sound()


def _export(memory: Memory, path: Path) -> Path:
    export(memory, path)
    return path


@pytest.mark.parametrize("seed", range(3))
def test_an_archived_memory_travels_too(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        lived(memory, seed)
        floor = memory.audit().floor
        memory.execute(archive(memory.author, floor - 3, str(tmp_path / "old.log")))
        busy(memory, seed, 20)
        first = export(memory, tmp_path / "a.log")
        other.execute(import_log(READER, str(tmp_path / "a.log")))
        assert export(other, tmp_path / "b.log") == first
        other.assert_sound()
        for revision in range(floor, memory.head.revision + 1):
            assert other.all_values(revision) == memory.all_values(revision)
        with pytest.raises(DamagedFile, match="archive"):
            other.execute(import_log(READER, str(tmp_path / "old.log")))


def test_an_older_copy_catches_up(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as memory, opened(tmp_path / "b.db", found=False) as other:
        busy(memory, 1, 30)
        memory.append("a word that must go")
        export(memory, tmp_path / "1.log")
        other.execute(import_log(READER, str(tmp_path / "1.log")))
        memory.execute(erase(memory.author, BLOCK))
        busy(memory, 2, 30)
        first = export(memory, tmp_path / "2.log")
        other.execute(import_log(READER, str(tmp_path / "2.log")))
        assert export(other, tmp_path / "3.log") == first
        assert b"a word that must go" not in other.raw().split(b"-wal")[0]
        other.assert_sound()


def test_the_empty_memory_travels(tmp_path: Path) -> None:
    with opened(IN_MEMORY, found=False) as memory:
        log = tmp_path / "a.log"
        memory.reader = Reader(TENANT, "nobody", StateCache())
        with pytest.raises(AccessDenied):
            export(memory, log)
        assert not list(tmp_path.glob("*.log*"))


def test_what_is_in_the_way_is_not_overwritten(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        (tmp_path / "a.log").write_text("mine")
        with pytest.raises(InvalidInput, match="exists"):
            export(memory, tmp_path / "a.log")
        assert (tmp_path / "a.log").read_text() == "mine"
        with pytest.raises(NotFound):
            export(memory, tmp_path / "no" / "a.log")
        with pytest.raises(NotFound):
            memory.execute(import_log(READER, str(tmp_path / "none.log")))


def _drop_line(lines: list[bytes], chance: random.Random) -> None:
    del lines[chance.randrange(1, len(lines))]


def _swap_lines(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(1, len(lines) - 2)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]


def _double_line(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(1, len(lines))
    lines.insert(at, lines[at])


def _flip_byte(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    line = bytearray(lines[at])
    line[chance.randrange(len(line) - 1)] ^= 1 << chance.randrange(7)
    lines[at] = bytes(line)


def _cut(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(1, len(lines))
    del lines[at:]
    if chance.random() < 0.5:
        lines[-1] = lines[-1][: len(lines[-1]) // 2]


def _edit_field(lines: list[bytes], chance: random.Random) -> None:
    at = chance.randrange(1, len(lines) - 1)
    plain = json.loads(lines[at])
    name = chance.choice(sorted(plain))
    old = plain[name]
    new: list[Any] = [None, -1, 2**70, "", [], {}, True, "x\x00", [1], "é" * 20]
    if isinstance(old, bool):
        plain[name] = not old
    elif isinstance(old, int):
        plain[name] = chance.choice([old + 1, *new])
    else:
        plain[name] = chance.choice([f"{old}0", *new])
    if plain[name] == old:
        del plain[name]
    lines[at] = json.dumps(plain).encode() + b"\n"


@pytest.mark.parametrize(
    "damage", [_drop_line, _swap_lines, _double_line, _flip_byte, _cut, _edit_field]
)
def test_a_damaged_file_is_refused_by_line_and_nothing_is_kept(
    tmp_path: Path, damage: Callable[[list[bytes], random.Random], None]
) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        lived(memory, 4)
        lines = export(memory, tmp_path / "a.log").splitlines(keepends=True)
        for seed in range(30):
            damaged = list(lines)
            damage(damaged, random.Random(seed))
            if damaged == lines:
                continue
            (tmp_path / "bad.log").write_bytes(b"".join(damaged))
            with pytest.raises(DamagedFile) as caught:
                other.execute(import_log(READER, str(tmp_path / "bad.log")))
            assert 1 <= caught.value.line <= len(lines) + 2, seed
            for table in ("log", "entry", "tenant", "namespace"):
                assert other.sql(f"SELECT count(*) FROM {table}") == [(0,)], (seed, table)


def test_files_that_are_none(tmp_path: Path) -> None:
    with opened(IN_MEMORY, found=False) as other:
        bad = tmp_path / "bad.log"
        for text in ("", "\n", "{}\n", "[]\n", "nonsense", '{"format":"x"}\n', "[" * 5000 + "\n"):
            bad.write_text(text)
            with pytest.raises(DamagedFile):
                other.execute(import_log(READER, str(bad)))


def test_a_file_of_another_tenant_is_refused(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        export(memory, tmp_path / "a.log")
        with pytest.raises(DamagedFile, match="tenant"):
            other.execute(
                import_log(Reader("another", "owner", StateCache()), str(tmp_path / "a.log"))
            )


def test_an_import_stopped_anywhere_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        lived(memory, 5)
        memory.execute(archive(memory.author, 20, str(tmp_path / "old.log")))
        first = export(memory, tmp_path / "a.log")
        monkeypatch.setattr("commonplace.limits.MAX_PAGE_ROWS", 7)
        steps = 1
        while not stopped(other, import_log(READER, str(tmp_path / "a.log")), steps):
            steps += 3
        assert export(other, tmp_path / "b.log") == first
        other.assert_sound()


# --- forgeries: files whose chain holds and whose story does not ---------------------------------


def forged(items: list[Item], at: int, arguments: Any = None, **fields: Any) -> list[Item]:
    """The same log with one record told otherwise, and every digest made to fit."""
    result, digest = [], genesis(TENANT)
    for number, (old, checkpoint, _) in enumerate(items):
        record = old
        if number == at:
            if arguments is not None:
                body = Body(b"s" * 16, encode(arguments), "")
                promise = commitment(body.salt, body.payload, body.reason)
                record = replace(record, body=body, commitment=promise)
            record = replace(record, **fields)
        digest = link(digest, record)
        record = replace(record, digest=digest)
        result.append(Item(record, checkpoint))
    return result


FORGERIES: dict[str, dict[str, Any]] = {
    "unknown operation": {"operation": "explode"},
    "dead": {"dead": True},
    "size": {"size_bytes": 7},
    "version": {"version": 3},
    "far version": {"version": 2**62},
    "earlier": {"at_us": 5},
    "no body": {"body": None},
    "empty arguments": {"arguments": {}},
    "list": {"arguments": [1]},
    "number": {"arguments": {"text": 5}},
    "erase nothing": {"operation": "erase", "arguments": {"versions": [], "current": False}},
    "erase much": {
        "operation": "erase",
        "arguments": {"versions": [1], "current": False, "destroyed": [[1, 10**15]]},
    },
    "erase with a bad seal": {
        "operation": "erase",
        "arguments": {
            "versions": [1],
            "current": False,
            "destroyed": [],
            "salt": "zz",
            "checkpoint": "00",
        },
    },
    "contract": {"operation": "create", "arguments": {"contract": {"holds": "text"}}},
    "floor": {"operation": "raise_floor", "arguments": {"revision": "much"}},
    "other place": {"entry": EntryKey("task/q3", "_grants", "ann")},
    "floor above the head": {
        "entry": EntryKey("tenant", "_retention", "floor"),
        "version": 1,
        "operation": "raise_floor",
        "size_bytes": 21,
        "arguments": {"revision": 9999999999},
    },
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_history_is_refused(tmp_path: Path, name: str) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        for number in range(6):
            memory.append(f"line {number}")
        items = memory.engine.read(TENANT, export_records(memory.reader, 0, 1000))
        at = len(items) - 3
        told = forged(items, at, **FORGERIES[name])
        path = str(tmp_path / "forged.log")
        last = told[-1].record
        end = {"revision": last.revision, "digest": last.digest.hex(), "records": len(told)}
        lines = [Header(TENANT, "export", Position(0, genesis(TENANT))).line()]
        lines += [record_line(item) for item in told] + [encode({"end": end}), b""]
        Path(path).write_bytes(b"\n".join(lines))
        with pytest.raises(DamagedFile, match="line") as caught:
            other.execute(import_log(READER, path))
        assert caught.value.line > 1
        for table in ("log", "entry", "tenant", "namespace"):
            assert other.sql(f"SELECT count(*) FROM {table}") == [(0,)], table


# --- applying -------------------------------------------------------------------------------


def state_digest(memory: Memory) -> bytes:
    state = StateDigest()
    rows = memory.sql(
        "SELECT namespace, region, key, version, revision, dead, size_bytes FROM entry"
        " ORDER BY namespace, region, key"
    )
    for row in rows:
        key = EntryKey(*row[:3])
        value = repr(memory.read_at(memory.head.revision, key))
        state.add(key, row[3], f"{row[4:]} {value}".encode())
    return state.digest()


def batches(items: list[Item], chance: random.Random) -> list[list[Item]]:
    """Whole commits, split at random."""
    found: list[list[Item]] = [[]]
    for item in items:
        new = found[-1] and found[-1][-1].record.revision != item.record.revision
        if new and chance.random() < 0.3:
            found.append([])
        found[-1].append(item)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_any_split_gives_the_state_that_was_decided(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, seed, 120)
        memory.execute(erase(memory.author, BLOCK, [2, 3]))
        busy(memory, seed + 7, 60)
        memory.append("x" * 9000)
        busy(memory, seed + 8, 20)
        expected = state_digest(memory)
        items = memory.engine.read(TENANT, export_records(memory.reader, 0, 10_000))
        for split in range(3):
            with opened(IN_MEMORY, found=False) as other:
                for batch in batches(items, random.Random(split)):
                    other.execute(apply_items(TENANT, batch))
                assert other.head == memory.head
                assert state_digest(other) == expected
                other.assert_sound()


def test_a_follower_erases_what_its_source_erased(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as memory, opened(tmp_path / "b.db", found=False) as other:
        memory.append("one")
        memory.append("a word that must go")
        memory.append("three")
        at = memory.head.revision
        other.execute(apply_records(TENANT, memory.engine.tail(TENANT, 0, 100)))
        memory.execute(erase(memory.author, BLOCK, [2]))
        memory.execute(compact(memory.author, at))
        other.execute(apply_records(TENANT, memory.engine.tail(TENANT, at, 100)))
        other.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert b"a word that must go" not in other.raw()
        assert other.read().value == memory.read().value
        assert other.audit().floor == at
        other.assert_sound()


FOLLOWED = ("tenant", "entry", "namespace", "turn", "served", "lineage", "taken_back", "suspect")


def tables(memory: Memory) -> dict[str, list[Any]]:
    """Every row that a follower has too; the log without `made`, which the index fills in."""
    columns = [name for _, name, *_ in memory.sql("PRAGMA table_info(log)") if name != "made"]
    said = {"log": memory.sql(f"SELECT {', '.join(columns)} FROM log ORDER BY revision, place")}
    return said | {each: sorted(memory.sql(f"SELECT * FROM {each}")) for each in FOLLOWED}


def follow(other: Memory, memory: Memory) -> None:
    """Apply what is new, commit by commit."""
    records = memory.engine.tail(TENANT, other.head.revision, 10_000)
    for _, commit in groupby(records, key=lambda record: record.revision):
        other.execute(apply_records(TENANT, list(commit)))


@pytest.mark.parametrize("seed", range(4))
def test_a_follower_has_the_tables_of_its_source_after_any_erasure(seed: int) -> None:
    chance = random.Random(seed)
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        for number in range(8):
            busy(memory, seed * 10 + number, 25)
            follow(other, memory)
            key = chance.choice((BLOCK, BLOCK, NOTES, FACT._replace(key="k1")))
            some = chance.sample(range(1, memory.read(key).version + 1), 2)
            memory.execute(erase(memory.author, key, some if number < 7 else None))
            follow(other, memory)
            assert tables(other) == tables(memory)
            memory.assert_sound()
            other.assert_sound()


def test_a_follower_keeps_no_checkpoint_that_cannot_be_checked_any_more(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        memory.append("kept")
        memory.append("to be erased")
        memory.write(BLOCK, "replace", old="to be erased", new="x")
        for number in range(3):
            memory.append(f"{number}" * limits.MIN_CHECKPOINT_BYTES)
        other.execute(import_log(READER, str(_export(memory, tmp_path / "a.log"))))
        version = memory.read().version
        held = "SELECT version FROM log WHERE region = 'findings' AND checkpoint IS NOT NULL"
        assert (version,) in other.sql(held)
        memory.execute(erase(memory.author, BLOCK, [2]))
        assert memory.sql(held) == [(version + 1,)]
        follow(other, memory)
        assert other.sql(held) == [(version + 1,)]
        other.assert_sound()


def test_a_follower_keeps_no_value_in_the_checkpoint_of_a_record_that_only_spoke_of_it(
    tmp_path: Path,
) -> None:
    secret = "Mrs Robinson lives at 12 Elm Street"
    with opened(IN_MEMORY) as memory, opened(tmp_path / "b.db", found=False) as other:
        memory.put({"who": "nobody"})
        memory.put({"who": secret})
        memory.write(FACT, "retract", versions=[1], lines=[], current=False)
        memory.execute(compact(memory.author, memory.head.revision))
        memory.put({"who": "somebody else"})
        other.execute(import_log(READER, str(_export(memory, tmp_path / "a.log"))))
        assert secret.encode() in other.raw()
        memory.execute(erase(memory.author, FACT, [2]))
        follow(other, memory)
        other.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert secret.encode() not in other.raw()
        other.assert_sound()


def test_records_that_do_not_follow_are_refused(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        busy(memory, 1, 20)
        records = memory.engine.tail(TENANT, 0, 100)
        third = [r for r in records if r.revision <= 3]
        other.execute(apply_records(TENANT, third))
        for wrong in (third, [r for r in records if r.revision > 4], records[-1:]):
            with pytest.raises(UnfitRecord):
                other.execute(apply_records(TENANT, wrong))
        assert other.head.revision == 3
        other.assert_sound()


def test_a_commit_of_more_records_than_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(IN_MEMORY) as memory, opened(IN_MEMORY, found=False) as other:
        records = memory.engine.tail(TENANT, 0, 100)
        assert max(record.index for record in records) == 1
        monkeypatch.setattr(limits, "MAX_GROUP_WRITES", 1)
        with pytest.raises(UnfitRecord, match="one commit holds 1 "):
            other.execute(apply_records(TENANT, records))


def test_pages_of_records(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 1, 150)
        found = []
        after = 0
        while page := memory.engine.read(TENANT, export_records(memory.reader, after, 40)):
            found += [item.record for item in page]
            after = page[-1].record.revision
        assert found == memory.engine.tail(TENANT, 0, 10_000)
