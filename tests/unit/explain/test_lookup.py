"""One place resolves references, for every face and every door."""

from collections.abc import Iterator

import pytest

from commonplace import (
    AccessDenied,
    AtTime,
    FutureRevision,
    InvalidReference,
    Memory,
    Namespace,
    NotFound,
    Reference,
)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", actor="ada") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("one")
        block.append("two\nthree")
        block.replace("two", "TWO", reason="loud")
        yield memory


def _revision(memory: Memory, version: int) -> int:
    return next(r.revision for r in memory.log() if r.version == version)


def test_every_way_to_name_a_version_names_the_same_entry(memory: Memory) -> None:
    record = next(r for r in memory.log() if r.version == 2)
    ways = ("2", "-1", f"r{record.revision}", str(AtTime(record.at)))
    found = [memory.resolve(f"task/q3:findings@{at}") for at in ways]
    assert found == [found[0]] * 4
    assert str(found[0].reference) == "task/q3:findings@2"
    assert found[0].text == "one\ntwo\nthree"
    assert found[0].entry.updated_by == "ada"


def test_the_time_of_a_record_is_exact_to_the_microsecond(memory: Memory) -> None:
    for record in memory.log():
        at = str(AtTime(record.at))
        assert memory.resolve(f"task/q3:findings@{at}").entry.version == record.version
        assert [r.version for r in memory.log(since=record.at, until=record.at)] == [record.version]


def test_lines_are_quoted_and_stay_named(memory: Memory) -> None:
    passage = memory.resolve("task/q3:findings#L2-3")
    assert str(passage.reference) == "task/q3:findings@3#L2-3"
    assert (passage.text, passage.first) == ("TWO\nthree", 2)
    assert passage.entry.text == "one\nTWO\nthree"
    assert [line.version for line in passage.lines] == [3, 2]


def test_version_0_is_the_entry_before_its_first_write(memory: Memory) -> None:
    passage = memory.resolve("task/q3:findings@0")
    assert (passage.entry.version, passage.entry.exists, passage.text) == (0, False, "")
    assert memory.resolve(f"task/q3:findings@r{_revision(memory, 1) - 1}").entry.version == 0


def test_a_deleted_entry_is_found_and_has_no_lines(memory: Memory) -> None:
    memory.task("q3").block("findings").delete(expect=3)
    passage = memory.resolve("task/q3:findings")
    assert (passage.entry.version, passage.entry.exists, passage.lines) == (4, False, ())
    assert memory.resolve("task/q3:findings@-1").text == "one\nTWO\nthree"


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("task/q3:findings@4", NotFound),
        ("task/q3:findings@-3", NotFound),
        ("task/q3:findings#L4", NotFound),
        ("task/q3:findings#L2-9", NotFound),
        ("task/q3:findings/key", NotFound),
        ("task/q3:absent", NotFound),
        ("task/q3:absent@0", NotFound),
        ("task/q3:_grants/nobody", NotFound),
        ("task/q4:findings", AccessDenied),
        ("task/q4:findings@0", AccessDenied),
        ("task/q3:findings@r99", FutureRevision),
        ("findings", InvalidReference),
        ("", InvalidReference),
    ],
)
def test_what_is_not_there_is_an_error(
    memory: Memory, reference: str, error: type[Exception]
) -> None:
    for ask in (memory.resolve, memory.blame, memory.diff):
        with pytest.raises(error):
            ask(reference)


def test_a_value_that_is_no_text_has_the_lines_of_its_json(memory: Memory) -> None:
    passage = memory.resolve("task/q3:_contracts/findings")
    assert passage.lines[1].text.startswith('  "holds": "text"')
    assert passage.entry.value["holds"] == "text"
    blamed = memory.blame("task/q3:_contracts/findings#L2")
    assert [(line.number, line.actor, line.operation) for line in blamed] == [(2, "ada", "create")]


def test_a_reference_object_is_as_good_as_its_text(memory: Memory) -> None:
    reference = Reference(Namespace.task("q3"), "findings")
    assert memory.resolve(reference) == memory.resolve(str(reference))
    with pytest.raises(InvalidReference):
        memory.resolve(12)  # type: ignore[arg-type]


def test_blame_of_lines_keeps_their_numbers(memory: Memory) -> None:
    (line,) = memory.blame("task/q3:findings@3#L2")
    assert (line.number, line.text, line.version, line.reason) == (2, "TWO", 3, "loud")
    assert str(line.reference) == "task/q3:findings@3#L2"


def test_a_commit_shows_what_the_reader_may_see_and_counts_the_rest(memory: Memory) -> None:
    task, before = memory.task("q3"), _revision(memory, 1)
    task.create_block("plan")
    task.share({"bob": "reader"}, region="plan")
    with memory.atomic():
        task.block("plan").append("p")
        task.block("findings").append("f")
    head = memory.position().revision
    assert [r.region for r in memory.commit(head).records] == ["plan", "findings"]
    with memory.as_actor("bob") as bob:
        seen = bob.commit(head)
        assert ([r.region for r in seen.records], seen.hidden) == (["plan"], 1)
        with pytest.raises(AccessDenied):
            bob.commit(before)


def test_a_commit_that_is_not_there(memory: Memory) -> None:
    with pytest.raises(NotFound):
        memory.commit(0)
    with pytest.raises(FutureRevision):
        memory.commit(99)
