"""Compaction: what reads give stays the same, at every moment, whatever stops it."""

import random
from pathlib import Path

import pytest

from commonplace import limits
from commonplace.errors import (
    AccessDenied,
    Compacted,
    FutureRevision,
    InvalidValue,
    Refused,
)
from commonplace.model.actor import Actor
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact, compact_page, raise_floor
from histories import BLOCK, FACT, IN_MEMORY, NOTES, TENANT, busy, opened, stopped


@pytest.mark.parametrize("seed", range(4))
def test_reads_at_and_above_the_floor_do_not_change(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, seed, 150)
        floor = random.Random(seed).randrange(20, memory.head.revision)
        before = {r: memory.all_values(r) for r in range(floor, memory.head.revision + 1)}
        done = memory.execute(compact(memory.author, floor, "old"))
        assert done.floor == floor and done.payloads > 0
        for revision, values in before.items():
            found = memory.all_values(revision)
            assert {key: found[key] for key in values} == values, revision
        with pytest.raises(Compacted):
            memory.read_at(floor - 1)
        memory.assert_sound()
        busy(memory, seed + 100, 60)
        memory.assert_sound()
        memory.execute(compact(memory.author, memory.head.revision - 10))
        memory.assert_sound()


def test_headers_reasons_and_commitments_stay(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(20):
            memory.append(f"line {number}", reason=f"why {number}")
        memory.execute(compact(memory.author, memory.head.revision))
        history = memory.history()
        assert [record.version for record in history] == list(range(1, 21))
        assert [record.reason for record in history] == [f"why {n}" for n in range(20)]
        assert [record.body.payload is None for record in history] == [True] * 19 + [False]
        assert all(record.body.payload_digest for record in history[:19])


@pytest.mark.parametrize("seed", range(2))
def test_a_stop_between_any_two_steps_leaves_a_sound_memory(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHECKPOINT_PAGE_ENTRIES", 3)
    monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 4)
    with opened(IN_MEMORY) as memory:
        busy(memory, seed, 60)
        floor = memory.head.revision - 5
        before = {r: memory.all_values(r) for r in (floor, floor + 3)}
        steps = 0
        while not stopped(memory, compact(memory.author, floor), steps):
            steps += 1
            memory.assert_sound()
            for revision, values in before.items():
                found = memory.all_values(revision)
                assert {key: found[key] for key in values} == values, (steps, revision)
        assert steps > 8
        assert memory.execute(compact(memory.author, floor)).payloads == 0


def test_others_may_write_between_the_steps(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 3, 80)
        floor = memory.head.revision
        before = memory.all_values(floor)
        progress = memory.execute(raise_floor(memory.author, floor))
        number = 0
        while not progress.ended:
            progress = memory.execute(compact_page(memory.author, progress))
            number += 1
            memory.append(f"meanwhile {number}", NOTES)
            memory.append(f"meanwhile {number}", BLOCK)
        memory.assert_sound()
        found = memory.all_values(floor)
        assert {key: found[key] for key in before} == before


def test_a_writer_that_cached_the_entry_before_goes_on_after(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(300):
            memory.append(f"line {number}")
        memory.execute(compact(memory.author, memory.head.revision))
        for number in range(300, 900):
            memory.append(f"line {number}")
        assert len(memory.read().value) == 900
        memory.assert_sound()


def test_compacting_to_a_light_checkpoint_keeps_it(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.append("x" * 50_000)
        for number in range(300):
            memory.append(f"{number}")
        light = memory.sql(
            "SELECT revision FROM log WHERE checkpoint IS NOT NULL ORDER BY revision"
        )
        floor = light[-1][0]
        memory.execute(compact(memory.author, floor))
        before = memory.read_at(floor).value
        for number in range(600):
            memory.append(f"more {number}")
        assert memory.read_at(floor).value == before
        memory.assert_sound()


def test_the_floor_waits_for_a_named_cursor_before_a_tombstone(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.put({"a": 1})
        reached = memory.head.revision
        memory.cursor(reached)
        gone = memory.write(FACT, "delete", expect=1).revision
        memory.append("later")
        with pytest.raises(Refused, match="_cursors/digest") as caught:
            memory.execute(compact(memory.author, gone))
        assert caught.value.position == reached and caught.value.allowed == gone - 1
        assert memory.execute(compact(memory.author, gone - 1)).floor == gone - 1
        memory.cursor(reached, expired=True)
        assert memory.execute(compact(memory.author, gone)).floor == gone
        memory.assert_sound()


def test_a_cursor_that_is_past_the_tombstone_holds_nothing_back(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.put({"a": 1})
        gone = memory.write(FACT, "delete", expect=1).revision
        memory.cursor(gone)
        memory.append("later")
        assert memory.execute(compact(memory.author, memory.head.revision)).payloads


def test_who_may_and_how_far(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.append("x")
        stranger = Author(Reader(TENANT, "bob", StateCache()), Actor("bob"))
        with pytest.raises(AccessDenied):
            memory.execute(compact(stranger, 1))
        with pytest.raises(FutureRevision):
            memory.execute(compact(memory.author, memory.head.revision + 1))
        for wrong in (-1, True, "3"):
            with pytest.raises(InvalidValue):
                memory.execute(compact(memory.author, wrong))  # type: ignore[arg-type]
        assert memory.execute(compact(memory.author, 0)).floor == 0


def test_compacting_twice_over_an_erasure(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(10):
            memory.append(f"line number {number}")
        memory.execute(erase(memory.author, BLOCK, [3]))
        memory.append("after")
        erased_at = memory.head.revision - 1
        values = {r: memory.all_values(r) for r in range(9, memory.head.revision + 1)}
        for floor in (9, erased_at - 1, erased_at, erased_at + 1):
            memory.execute(compact(memory.author, floor))
            memory.assert_sound()
            for revision in range(floor, erased_at + 2):
                found = memory.all_values(revision)
                assert {k: found[k] for k in values[revision]} == values[revision]
        assert memory.read().value[2].text == "[erased]"
