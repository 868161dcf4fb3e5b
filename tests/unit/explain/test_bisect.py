"""Bisection: the first bad change, whatever stands in between."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonplace import (
    AccessDenied,
    AsyncMemory,
    Compacted,
    Entry,
    FutureRevision,
    InvalidInput,
    InvalidReference,
    LimitExceeded,
    Memory,
    Namespace,
    Reference,
    Snapshot,
)
from commonplace.explain.bisect import Halving
from commonplace.limits import MAX_BISECT_STEPS
from commonplace.model.entry import EntryKey
from properties import prove_much

FINDINGS = "task/q3:findings"
Q3 = Namespace.task("q3")


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A block of 20 versions, each a line with its number, and as much beside it."""
    with Memory(":memory:", actor="ada") as memory:
        task = memory.create_task("q3")
        block, beside = task.create_block("findings"), task.create_block("beside")
        for number in range(1, 21):
            block.append(f"line {number}", reason=f"step {number}")
            beside.append("noise")
        yield memory


# --- the search itself --------------------------------------------------------------------------


@given(st.integers(2, 300), st.data())
@prove_much
def test_halving_finds_the_first_bad_place_between_its_ends(
    count: int, data: st.DataObject
) -> None:
    first_bad = data.draw(st.integers(1, count - 1))
    unknown = data.draw(st.sets(st.integers(1, count - 2), max_size=12)) if count > 2 else set()
    halving = Halving(EntryKey("task/q3", "findings"), range(count))
    asked = []
    while (place := halving.next()) is not None:
        asked.append(place)
        halving.tell(place, None if place in unknown else place < first_bad)
    assert len(asked) == len(set(asked)) == halving.tests
    assert halving.good < first_bad <= halving.bad
    assert set(halving.skipped) <= unknown
    if first_bad not in unknown and first_bad - 1 not in unknown:
        assert (halving.good, halving.bad) == (first_bad - 1, first_bad)
    assert halving.tests <= 2 + count.bit_length() + len(unknown)


def test_too_much_that_cannot_be_tested_is_a_limit() -> None:
    halving = Halving(EntryKey("task/q3", "findings"), range(1000))
    halving.tell(0, True)
    halving.tell(999, False)
    with pytest.raises(LimitExceeded, match="task/q3:findings@0 is good"):
        while (place := halving.next()) is not None:
            halving.tell(place, None)
    assert halving.tests == MAX_BISECT_STEPS


# --- entries ------------------------------------------------------------------------------------


def test_it_names_the_record_with_its_writer_and_reason(memory: Memory) -> None:
    found = memory.bisect(FINDINGS, lambda entry: "line 13" not in entry.text, good="1")
    assert (found.good, found.bad) == (f"{FINDINGS}@12", f"{FINDINGS}@13")
    (record,) = found.records
    assert (record.version, record.actor.name, record.reason) == (13, "ada", "step 13")
    assert found.revision == record.revision
    assert found.skipped == ()
    assert found.tests <= 7


def test_only_versions_of_the_entry_are_tested_and_each_once(memory: Memory) -> None:
    seen: list[Entry] = []

    def test(entry: Entry) -> bool:
        seen.append(entry)
        return "line 2\n" not in entry.text + "\n"

    assert memory.bisect(FINDINGS, test, good="0").bad == f"{FINDINGS}@2"
    versions = [entry.version for entry in seen]
    assert len(versions) == len(set(versions))
    assert versions[:2] == [0, 20]
    assert all(len(entry.lines) == entry.version for entry in seen)


def test_the_ends_are_revisions_versions_or_times(memory: Memory) -> None:
    records = {record.version: record for record in memory.log(region="findings")}
    expected = memory.bisect(FINDINGS, lambda e: "line 9" not in e.text, good="3", bad="15")
    for good, bad in (
        (records[3].revision, records[15].revision),
        (f"r{records[3].revision}", records[15].at),
        (records[3].at.isoformat(), "-5"),
    ):
        found = memory.bisect(FINDINGS, lambda e: "line 9" not in e.text, good=good, bad=bad)
        assert found == expected
    before = memory.bisect(Reference.parse(FINDINGS), lambda e: not e.text, good=1)
    assert (before.good, before.bad) == (f"{FINDINGS}@0", f"{FINDINGS}@1")


def test_what_cannot_be_tested_is_told_as_a_range(memory: Memory) -> None:
    def test(entry: Entry) -> bool | None:
        return None if 8 <= entry.version <= 11 else entry.version < 10

    found = memory.bisect(FINDINGS, test, good="1")
    assert (found.good, found.bad) == (f"{FINDINGS}@7", f"{FINDINGS}@12")
    assert found.skipped == tuple(f"{FINDINGS}@{version}" for version in range(8, 12))


def test_states_whose_bytes_are_gone_are_skipped_but_not_at_the_ends(memory: Memory) -> None:
    block = memory.task("q3").block("findings")
    block.rewrite("whole", expect=20)
    memory.erase(f"{FINDINGS}@15")
    found = memory.bisect(FINDINGS, lambda e: e.version < 18, good="10", bad="21")
    assert found.good == f"{FINDINGS}@14"
    assert found.bad in {f"{FINDINGS}@{version}" for version in (18, 19, 20, 21)}
    memory.compact(memory.position().revision)
    with pytest.raises(Compacted):
        memory.bisect(FINDINGS, lambda e: True, good="10", bad="21")


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("13", None, "is bad, not good"),
        ("1", "12", "is good, not bad"),
        ("15", "3", "newer than bad"),
        ("3", "3", "did not change"),
    ],
)
def test_ends_that_are_not_what_they_are_said_to_be(
    memory: Memory, good: str, bad: str | None, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        memory.bisect(FINDINGS, lambda entry: "line 13" not in entry.text, good=good, bad=bad)


def test_an_end_that_cannot_be_told_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="cannot tell"):
        memory.bisect(FINDINGS, lambda entry: None, good="1")


def test_what_is_not_there_or_not_yours_is_an_error(memory: Memory) -> None:
    with pytest.raises(InvalidReference):
        memory.bisect(f"{FINDINGS}@3", lambda entry: True, good="1")
    with pytest.raises(InvalidReference):
        memory.bisect("findings", lambda entry: True, good="1")
    with pytest.raises(FutureRevision):
        memory.bisect(FINDINGS, lambda entry: True, good=9999)
    with memory.as_actor("nobody") as nobody:
        with pytest.raises(AccessDenied):
            nobody.bisect(FINDINGS, lambda entry: True, good=1)
        with pytest.raises(AccessDenied):
            nobody.bisect(Q3, lambda snapshot: True, good=1)


def test_an_error_of_the_test_is_the_callers(memory: Memory) -> None:
    def broken(entry: Entry) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        memory.bisect(FINDINGS, broken, good="1")


# --- namespaces ---------------------------------------------------------------------------------


def test_a_namespace_is_halved_over_the_revisions_that_wrote_to_it(memory: Memory) -> None:
    start = memory.position().revision
    memory.create_task("other").create_block("x").append("elsewhere")
    with memory.atomic():
        memory.task("q3").block("findings").append("both")
        memory.task("q3").block("beside").append("both")
    tested: list[int] = []

    def test(snapshot: Snapshot) -> bool:
        tested.append(snapshot.revision())
        return "both" not in snapshot.task("q3").block("beside").read().text

    found = memory.bisect(Q3, test, good=start - 10)
    assert [str(record.reference) for record in found.records] == [
        f"{FINDINGS}@21",
        "task/q3:beside@21",
    ]
    assert (found.bad, found.revision) == (f"r{found.revision}", memory.position().revision)
    written = {record.revision for record in memory.log(Q3)} | {start - 10}
    assert set(tested) <= written
    with pytest.raises(InvalidInput, match="no version"):
        memory.bisect(Q3, test, good="3")


# --- faces --------------------------------------------------------------------------------------


def test_the_async_face_awaits_the_test() -> None:
    async def run() -> str:
        async with AsyncMemory(":memory:", actor="ada") as memory:
            block = await (await memory.create_task("q3")).create_block("findings")
            for number in range(8):
                await block.append(str(number))

            async def test(entry: Entry) -> bool:
                assert await memory.position()
                return "5" not in entry.text

            return (await memory.bisect(FINDINGS, test, good="1")).bad

    assert asyncio.run(run()) == f"{FINDINGS}@6"
