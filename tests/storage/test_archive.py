"""Archive: what is old goes to a file; what stays can still be read and still be checked."""

import json
from pathlib import Path

import pytest

from commonplace import limits
from commonplace.errors import AccessDenied, Compacted, Erased, InvalidInput, InvalidValue, Refused
from commonplace.model.actor import Actor
from commonplace.storage.cache import StateCache
from commonplace.storage.logfile import LogReader
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from histories import BLOCK, FACT, IN_MEMORY, TENANT, Memory, busy, opened, stopped


def rows_up_to(memory: Memory, revision: int) -> int:
    ((count,),) = memory.sql("SELECT count(*) FROM log WHERE revision <= ?", revision)
    return int(count)


@pytest.mark.parametrize("seed", range(3))
def test_values_stay_and_the_rest_is_in_the_file(tmp_path: Path, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, seed, 90)
        floor = memory.head.revision - 20
        through = floor - 5
        before = {r: memory.all_values(r) for r in range(floor, memory.head.revision + 1)}
        memory.execute(compact(memory.author, floor))
        total = rows_up_to(memory, through)
        done = memory.execute(archive(memory.author, through, str(tmp_path / "old.log"), "tidy"))
        assert done.written == total and done.deleted == total - rows_up_to(memory, through)
        assert done.anchor.through == through and done.anchor.file == "old.log"
        for revision, values in before.items():
            found = memory.all_values(revision)
            assert {key: found[key] for key in values} == values, revision
        memory.assert_sound()
        assert memory.audit().anchor == through
        lines = [json.loads(line) for line in (tmp_path / "old.log").read_text().splitlines()]
        assert [line["version"] for line in lines if line.get("region") == "findings"]
        assert LogReader(str(tmp_path / "old.log")).verify().digest == done.anchor.digest
        busy(memory, seed + 30, 30)
        memory.assert_sound()


def test_archives_follow_each_other(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        total = 0
        for number in range(4):
            busy(memory, number, 30)
            floor = memory.head.revision - 3
            memory.execute(compact(memory.author, floor))
            done = memory.execute(archive(memory.author, floor, str(tmp_path / f"{number}.log")))
            total += done.deleted
            memory.assert_sound()
            if number == 2:
                memory.execute(erase(memory.author, BLOCK, None))
                memory.assert_sound()
        assert total > 60
        again = memory.execute(archive(memory.author, floor - 1, str(tmp_path / "no.log")))
        assert (again.written, again.deleted) == (0, 0) and again.anchor == done.anchor
        assert not (tmp_path / "no.log").exists()


@pytest.mark.parametrize("again", ["same.log", "next.log"])
def test_a_stop_between_any_two_steps_leaves_a_sound_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 5, 60)
        floor = memory.head.revision - 5
        memory.execute(compact(memory.author, floor))
        before = memory.all_values(floor)
        monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 6)
        steps = 0
        while True:
            path = tmp_path / (again if again == "same.log" else f"{steps}.log")
            path.unlink(missing_ok=True)
            if stopped(memory, archive(memory.author, floor, str(path)), steps):
                break
            steps += 1
            memory.assert_sound()
            found = memory.all_values(floor)
            assert {key: found[key] for key in before} == before, steps
            assert not list(tmp_path.glob("*.part"))
        assert steps > 20
        ((left,),) = memory.sql(
            "SELECT count(*) FROM log l WHERE revision <= ? AND EXISTS (SELECT 1 FROM log n WHERE "
            "n.namespace = l.namespace AND n.region = l.region AND n.key = l.key "
            "AND n.version = l.version + 1 AND n.revision <= ?)",
            floor,
            floor,
        )
        assert left == 0


def test_an_unfinished_archive_is_finished_by_a_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 6, 60)
        memory.execute(compact(memory.author, memory.head.revision))
        monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 6)
        steps = 0
        while memory.audit().anchor == 0:
            steps += 1
            (tmp_path / "1.log").unlink(missing_ok=True)
            assert not stopped(memory, archive(memory.author, 40, str(tmp_path / "1.log")), steps)
        memory.execute(archive(memory.author, 50, str(tmp_path / "2.log")))
        memory.assert_sound()
        assert memory.audit().anchor == 50


def test_an_erasure_after_an_archive(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.append("the first line of all")
        memory.append("the second line of all")
        memory.put({"who": "the secret one"})
        floor = memory.head.revision
        memory.append("third")
        memory.execute(compact(memory.author, floor))
        memory.execute(archive(memory.author, floor, str(tmp_path / "old.log")))
        memory.execute(erase(memory.author, BLOCK, [1]))
        memory.execute(erase(memory.author, FACT))
        raw = memory.raw()
        assert b"the first line" not in raw and b"the secret one" not in raw
        lines = [line.text for line in memory.read().value]
        assert lines == ["[erased]", "the second line of all", "third"]
        memory.assert_sound()
        busy(memory, 3, 20)
        memory.execute(compact(memory.author, memory.head.revision))
        memory.assert_sound()


def test_an_erasure_of_an_archived_version_alone(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        for text in ("the secret line", "second", "third", "fourth"):
            memory.append(text)
        floor = memory.head.revision
        memory.execute(compact(memory.author, floor))
        memory.execute(archive(memory.author, floor - 1, str(tmp_path / "old.log")))
        done = memory.execute(erase(memory.author, BLOCK, [1]))
        assert done.records == () and done.lines == 1 and done.checkpoints == 1
        with pytest.raises(Erased):
            memory.read_at(floor)
        assert memory.read().value[0].text == "[erased]"
        memory.assert_sound()


def test_what_is_refused(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        busy(memory, 1, 30)
        path = str(tmp_path / "old.log")
        floor = 20
        memory.execute(compact(memory.author, floor))
        with pytest.raises(Refused, match="compact to 21"):
            memory.execute(archive(memory.author, floor + 1, path))
        with pytest.raises(Refused):
            memory.execute(archive(memory.author, 0, path))
        with pytest.raises(InvalidValue):
            memory.execute(archive(memory.author, -1, path))
        stranger = Author(Reader(TENANT, "bob", StateCache()), Actor("bob"))
        with pytest.raises(AccessDenied):
            memory.execute(archive(stranger, floor, path))
        memory.cursor(10)
        with pytest.raises(Refused, match="revision 10"):
            memory.execute(archive(memory.author, floor, path))
        memory.cursor(10, expired=True)
        (tmp_path / "old.log").write_text("mine")
        with pytest.raises(InvalidInput, match="exists"):
            memory.execute(archive(memory.author, floor, path))
        assert (tmp_path / "old.log").read_text() == "mine"
        memory.assert_sound()
        with pytest.raises(Compacted):
            memory.read_at(floor - 1)
