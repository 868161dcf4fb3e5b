"""Upkeep through the faces: copies, retention and the audit of what is left."""

import asyncio

import pytest

import commonplace
from commonplace import AsyncMemory, Memory


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "team.db", actor="owner") as memory:
        block = memory.create_task("q3").create_block("findings")
        for n in range(40):
            block.append(f"line {n}")
        yield memory


def test_a_backup_is_a_memory_with_the_same_position(memory, tmp_path):
    memory.backup(tmp_path / "copy.db")
    with Memory(tmp_path / "copy.db", actor="owner", create=False) as copy:
        assert copy.position() == memory.position()
        assert copy.audit().ok
        assert copy.task("q3").block("findings").append("on").version == 41
    assert memory.task("q3").block("findings").read().version == 40


def test_an_exported_log_becomes_the_same_memory(memory, tmp_path):
    end = memory.export(tmp_path / "log.ndjson")
    with Memory(tmp_path / "copy.db", actor="owner") as copy:
        assert copy.import_log(tmp_path / "log.ndjson") == end == copy.position()
        assert copy.audit(expect=end).ok
        assert copy.task("q3").block("findings").append("on").version == 41


def test_a_memory_that_holds_something_else_takes_no_log(memory, tmp_path):
    memory.export(tmp_path / "log.ndjson")
    with Memory(tmp_path / "other.db", actor="owner") as other:
        other.create_task("mine")
        before = other.position()
        with pytest.raises(commonplace.Refused):
            other.import_log(tmp_path / "log.ndjson")
        assert other.position() == before


def test_compaction_keeps_every_read_at_and_above_the_floor(memory):
    past = {n: memory.at(n).task("q3").block("findings").read() for n in range(20, 41)}
    assert memory.compact(20).floor == 20
    for revision, entry in past.items():
        assert memory.at(revision).task("q3").block("findings").read() == entry
    with pytest.raises(commonplace.Compacted):
        memory.at(19).task("q3").block("findings").read()
    assert memory.audit().ok


def test_upkeep_is_the_owners(memory, tmp_path):
    memory.task("q3").share({"web": "editor"})
    with memory.as_actor("web") as web:
        for call in (
            web.audit,
            web.reindex,
            lambda: web.compact(10),
            lambda: web.export(tmp_path / "log.ndjson"),
            lambda: web.backup(tmp_path / "copy.db"),
            lambda: web.archive(tmp_path / "old.ndjson", through=5),
            lambda: web.erase("task/q3:findings@1"),
        ):
            with pytest.raises(commonplace.AccessDenied):
                call()
    assert sorted(path.name for path in tmp_path.glob("*.ndjson")) == []
    assert not (tmp_path / "copy.db").exists()


def test_erasing_after_compacting_and_archiving_leaves_a_memory_that_audits(memory, tmp_path):
    memory.compact(25)
    memory.archive(tmp_path / "old.ndjson", through=15)
    memory.erase("task/q3:findings@7", reason="asked to be forgotten")
    text = memory.task("q3").block("findings").read().text
    assert "line 6\n" not in text
    report = memory.audit()
    assert report.ok, [str(finding) for finding in report.findings]


def test_what_can_be_found_is_the_same_in_an_index_made_anew(memory):
    before = memory.why("line 17")
    memory.reindex()
    assert memory.why("line 17") == before and memory.audit().ok


def test_the_async_face_does_the_same(memory, tmp_path):
    async def run():
        async with AsyncMemory(tmp_path / "team.db", actor="owner") as other:
            assert (await other.audit()).ok
            await other.backup(tmp_path / "copy.db")
            assert (await other.compact(20)).floor == 20
            return await other.export(tmp_path / "log.ndjson")

    assert asyncio.run(run()) == memory.position()


def test_an_update_inside_atomic_is_refused(memory):
    block = memory.task("q3").block("findings")
    before = memory.position()
    with pytest.raises(commonplace.InvalidInput), memory.atomic():
        block.update(lambda text: text + "!")
    assert memory.position() == before
