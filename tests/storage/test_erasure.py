"""Erasure: the bytes are gone from the disk, and what must stay true stays true."""

from pathlib import Path

import pytest

from commonplace.core.verdict import Refusal
from commonplace.errors import AccessDenied, Erased, InvalidValue, NotFound
from commonplace.model.actor import Actor
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.indexing import index_all
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.proposal import draft, group_of
from histories import BLOCK, FACT, IN_MEMORY, NOTES, TENANT, Memory, busy, opened, stopped

SECRET = "Mrs Robinson lives at 12 Elm Street"


def texts(memory: Memory) -> list[str]:
    return [line.text for line in memory.read().value]


def test_an_erased_line_is_blanked_and_its_bytes_are_gone(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.append("before")
        memory.append(SECRET, reason=f"heard that {SECRET}")
        memory.append("after")
        assert SECRET.encode() in memory.raw()
        done = memory.execute(erase(memory.author, BLOCK, [2], "asked by the person"))
        assert done.settled and done.records == (2,) and done.lines == 1
        assert texts(memory) == ["before", "[erased]", "after"]
        assert SECRET.encode() not in memory.raw()
        memory.assert_sound()
        record = memory.history()[1]
        assert record.body is None and record.reason == "" and record.actor.name == "ann"
        for revision in (record.revision, record.revision + 1):
            with pytest.raises(Erased):
                memory.read_at(revision)
        assert memory.read_at(record.revision - 1).value[0].text == "before"
        memory.append("and on")
        assert texts(memory)[-1] == "and on"
        memory.assert_sound()


def test_the_bytes_are_gone_after_a_long_life(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        secrets = []
        for number in range(600):
            text = f"{SECRET}, {number:04d}" if number % 7 == 0 else f"line {number} " + "x" * 90
            secrets += [number + 1] if number % 7 == 0 else []
            memory.append(text)
            if number % 50 == 0:
                memory.put({"pad": "y" * 3000}, FACT._replace(key=f"p{number}"))
        memory.execute(index_all(TENANT))
        counted = "SELECT count(*) FROM sought WHERE sought MATCH ?"
        trigrams = ("rob", "elm", "mrs")  # that the secret alone has
        assert [memory.sql(counted, each)[0][0] for each in trigrams] == [len(secrets)] * 3
        memory.execute(erase(memory.author, BLOCK, secrets))
        assert SECRET.encode() not in memory.raw()
        assert [memory.sql(counted, each)[0][0] for each in trigrams] == [0] * 3
        memory.assert_sound()
        assert texts(memory).count("[erased]") == len(secrets)


def test_it_reaches_edits_and_repetitions_and_no_further(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.append("a plain line\nthe other plain line")
        memory.append(SECRET)
        memory.append("nothing to see")
        memory.write(BLOCK, "replace", old="12 Elm Street", new="13 Elm Street")
        memory.append(f"to repeat: {SECRET}!")
        memory.write(BLOCK, "insert", text="a line below", after="13 Elm Street\nnothing")
        memory.write(BLOCK, "replace", old="a plain", new="a very plain")
        memory.append("fine", reason=f"because {SECRET}")
        done = memory.execute(erase(memory.author, BLOCK, [2]))
        assert done.records == (2, 4, 5, 6, 8)
        assert texts(memory) == [
            "a very plain line",
            "the other plain line",
            "[erased]",
            "nothing to see",
            "a line below",
            "[erased]",
            "fine",
        ]
        raw = memory.raw()
        assert b"Robinson" not in raw and b"Elm Street" not in raw
        memory.assert_sound()


def test_a_condensation_goes_only_if_it_repeats(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.append(SECRET)
        memory.append("kept apart")
        memory.write(BLOCK, "condense", text=f"in short: {SECRET}", through=1)
        memory.write(BLOCK, "condense", text="in very short", through=1)
        done = memory.execute(erase(memory.author, BLOCK, [1]))
        assert done.records == (1, 3)
        assert texts(memory) == ["in very short", "[erased]", "kept apart"]
        memory.assert_sound()


def test_json_goes_when_its_version_does(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.put({"title": "Quarterly report"})
        memory.put({"title": "Quarterly report", "password": SECRET})
        memory.put({"title": "Quarterly report", "n": 1})
        done = memory.execute(erase(memory.author, FACT, [2]))
        assert done.records == (2,)
        found = memory.read(FACT)
        assert found.value == {"title": "Quarterly report", "n": 1} and found.version == 4
        assert SECRET.encode() not in memory.raw()
        memory.assert_sound()
        memory.execute(erase(memory.author, FACT, [3]))
        assert memory.read(FACT).dead
        memory.assert_sound()
        memory.put({"new": True})
        assert memory.read(FACT).value == {"new": True}
        memory.assert_sound()
        memory.execute(compact(memory.author, memory.head.revision))
        memory.assert_sound()


def test_everything_of_a_deleted_entry_can_be_erased(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.put({"who": SECRET})
        memory.write(FACT, "delete", expect=1, reason=SECRET)
        memory.append(SECRET)
        memory.write(BLOCK, "delete", expect=1)
        memory.execute(erase(memory.author, FACT))
        memory.execute(erase(memory.author, BLOCK))
        assert SECRET.encode() not in memory.raw()
        assert memory.read(FACT).dead and memory.read(BLOCK).dead
        memory.assert_sound()


def test_erasing_again_and_in_any_order(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        for number in range(40):
            memory.append(f"the secret number {number:03d} of many" + "x" * 200)
        for version in (30, 5, 6, 5, 41):
            memory.execute(erase(memory.author, BLOCK, [version]))
            memory.assert_sound()
        for version in (30, 5, 6):
            assert f"number {version - 1:03d}".encode() not in memory.raw()
        memory.execute(erase(memory.author, BLOCK))
        assert b"the secret number" not in memory.raw()
        assert set(texts(memory)) == {"[erased]"}
        memory.assert_sound()


def test_a_compacted_version_can_be_erased(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.append("first")
        memory.append(SECRET)
        memory.append("third")
        memory.append("fourth")
        floor = memory.head.revision
        memory.execute(compact(memory.author, floor))
        assert SECRET.encode() in memory.raw()
        done = memory.execute(erase(memory.author, BLOCK, [2]))
        assert done.checkpoints == 1
        assert SECRET.encode() not in memory.raw()
        with pytest.raises(Erased):
            memory.read_at(floor)
        assert texts(memory) == ["first", "[erased]", "third", "fourth"]
        memory.assert_sound()


def test_a_retry_of_an_erased_write_is_refused(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        group = group_of(TENANT, memory.author.actor, [draft(BLOCK, "append", {"text": SECRET})])
        memory.engine.propose(group, 10.0)
        memory.execute(erase(memory.author, BLOCK, [1]))
        again = memory.engine.propose(group, 10.0)
        assert isinstance(again, Refusal) and again.code == "idempotency_mismatch"


def test_the_receipt_lists_what_was_built_on_it(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.append("one")
        memory.append(SECRET)
        for version in (1, 2):
            memory.append("built", NOTES, based_on=[BLOCK.reference(version)])
        memory.append("on lines", NOTES, based_on=["task/q3:findings@2#L2"])
        memory.append("on all", NOTES, based_on=["task/q3:findings"])
        memory.append("other", NOTES, based_on=["task/q3:findings-two@2"])
        done = memory.execute(erase(memory.author, BLOCK, [2]))
        assert [(str(each.reference), each.edge) for each in done.review] == [
            (f"task/q3:notes@{version}", "declared") for version in (2, 3, 4)
        ]
        assert done.unlisted == 0


def test_who_may_and_what(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        memory.append("x")
        stranger = Author(Reader(TENANT, "bob", StateCache()), Actor("bob"))
        with pytest.raises(AccessDenied):
            memory.execute(erase(stranger, BLOCK))
        with pytest.raises(NotFound):
            memory.execute(erase(memory.author, BLOCK, [2]))
        with pytest.raises(NotFound):
            memory.execute(erase(memory.author, NOTES))
        for wrong in ([], [True], ["1"]):
            with pytest.raises(InvalidValue):
                memory.execute(erase(memory.author, BLOCK, wrong))
        memory.assert_sound()


@pytest.mark.parametrize("seed", range(6))
def test_any_history_stays_sound(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, seed, 70)
        memory.execute(erase(memory.author, BLOCK, [2, 9], "first"))
        memory.assert_sound()
        busy(memory, seed + 50, 30)
        memory.execute(compact(memory.author, memory.head.revision - 20))
        memory.assert_sound()
        memory.execute(erase(memory.author, BLOCK, [4, 20], "second"))
        memory.execute(erase(memory.author, NOTES, None))
        memory.assert_sound()
        busy(memory, seed + 90, 30)
        memory.assert_sound()
        memory.execute(compact(memory.author, memory.head.revision))
        memory.assert_sound()


def test_a_stop_between_any_two_steps_leaves_a_sound_memory(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 7, 40)
        version = memory.read().version
        steps = 0
        while not stopped(memory, erase(memory.author, BLOCK, [2]), steps):
            steps += 1
            memory.assert_sound()
            if memory.read().version > version:
                assert memory.history()[1].body is None
                version = memory.read().version
        assert steps > 5
        memory.assert_sound()
