"""why finds every version that contained a text, and no other: held against brute force.

Two blocks and two JSON values are written to at random; then sentences that stood in some state,
in one line and over several, are looked for exactly and loosely, and what is found must be what
reading every version finds.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from commonplace.core import access
from commonplace.core.text import ERASED_LINE, ended
from commonplace.errors import Erased
from commonplace.explain.past.standing import open_states
from commonplace.explain.why.needle import Needle, fold
from commonplace.explain.why.pickaxe import Changed, Pickaxe, pickaxe
from commonplace.explain.why.search import seek
from commonplace.explain.why.stretch import stretches
from commonplace.explain.why.why import why
from commonplace.model.entry import EntryKey
from commonplace.storage.cache import StateCache
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.proposal import draft
from commonplace.storage.step import Program
from commonplace.storage.texts import leaves
from histories import BLOCK, FACT, NOTES, SPACE, TENANT, Memory, opened

OTHER = FACT._replace(key="other")
WORDS = st.sampled_from(["Churn", "fell", "12%", "fell  ", " churn", ""])
LINE = st.lists(WORDS, max_size=3).map(" ".join)
TEXT = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
NUMBER = st.integers(0, 30)
WRITES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *["append", "insert", "replace", "edit"] * 4,
                *["condense", "rewrite", "delete", "retract", "retract", "put", "put", "unput"],
            ]
        ),
        st.sampled_from([True, True, True, False]),
        TEXT,
        NUMBER,
        NUMBER,
    ),
    min_size=10,
    max_size=40,
)

Intervals = set[tuple[EntryKey, int, int | None]]


def _write(memory: Memory, write: tuple[str, bool, str, int, int]) -> None:
    """One random write; what could not apply is left out."""
    operation, which, text, one, two = write
    if operation in {"put", "unput"}:
        key = FACT if which else OTHER
        found = memory.read(key)
        if operation == "put":
            memory.put({"said": text, "n": one, "more": [text, two]}, key)
        elif found.version and not found.dead:
            if one % 2:
                memory.write(key, "delete", expect=found.version)
            else:
                memory.write(key, "retract", **_taken_back([[found.version, 0]], current=True))
        return
    key = BLOCK if which else NOTES
    found = memory.read(key)
    lines = found.value or ()
    if found.dead:
        if operation == "rewrite":
            memory.write(key, "rewrite", text=text, expect=found.version)
    elif operation == "append" and text:
        memory.append(text, key)
    elif operation == "insert" and text:
        memory.write(key, "insert", text=text, after=one % (len(lines) + 1), expect=found.version)
    elif operation == "replace" and lines:
        whole = ended(lines)
        first = one % len(whole)
        old = whole[first : first + 1 + two]
        if whole.count(old) == 1 and sum(whole[n:].startswith(old) for n in range(len(whole))) == 1:
            memory.write(key, "replace", old=old, new=text)
    elif operation == "edit" and lines:
        first = one % len(lines)
        gone = lines[first : first + two % 3]
        after = list(lines[first - 1][:2]) if first else None
        hunk = {"after": after, "remove": [list(n[:2]) for n in gone], "lines": text.split("\n")}
        memory.write(key, "edit", hunks=[hunk], base=found.version)
    elif operation == "retract" and lines:
        first = one % len(lines)
        names = [list(line[:2]) for line in lines[first : first + two % 3 + 1]]
        memory.write(key, "retract", text=text, **_taken_back(names, current=False))
    elif operation == "condense" and found.version:
        memory.write(key, "condense", text=text, through=one % found.version + 1)
    elif operation == "rewrite" and found.version:
        memory.write(key, "rewrite", text=text, expect=found.version)
    elif operation == "delete" and found.version:
        memory.write(key, "delete", expect=found.version)


def _taken_back(names: list[list[int]], *, current: bool) -> dict[str, Any]:
    versions = sorted({version for version, _ in names})
    lines = [] if current else names
    told: dict[str, Any] = {"suspects": [], "told": []}
    return {"versions": versions, "lines": lines, "current": current, **told}


def _states(memory: Memory) -> dict[EntryKey, list[Any]]:
    """Every state of every entry, by version from 0 on."""
    read = partial(memory.engine.read, TENANT)
    return {
        key: [None]
        + [
            read(reading.read_version(memory.reader, key, version)).value
            for version in range(1, memory.read(key).version + 1)
        ]
        for key in (BLOCK, NOTES, FACT, OTHER)
    }


def _texts(value: Any) -> list[str]:
    return [ended(value)] if isinstance(value, tuple) else list(leaves(value))


def _contains(value: Any, needle: Needle) -> bool:
    if needle.loose:
        return any(fold(needle.text) in fold(each) for each in _texts(value))
    return any(needle.text.strip("\n") in each for each in _texts(value))


def _by_force(states: dict[EntryKey, list[Any]], needle: Needle) -> Intervals:
    found: Intervals = set()
    for key, values in states.items():
        held = [_contains(value, needle) for value in values]
        for version in range(1, len(held)):
            if held[version] and not held[version - 1]:
                end = next((n for n in range(version, len(held)) if not held[n]), None)
                found.add((key, version, end))
    return found


def _by_why(
    memory: Memory, needle: Needle, reader: Reader | None = None, *, sure: bool = True
) -> Intervals:
    found: Intervals = set()
    reader = reader or memory.reader
    sought = memory.engine.read(TENANT, seek(reader, needle))
    for key, records in sought.by_entry.items():
        lost = key in sought.beginnings
        states = memory.engine.read(TENANT, open_states(reader, key, lost=lost))
        for each in memory.engine.read(TENANT, stretches(states, needle, sought.probe, records)):
            assert each.sure or not sure
            found.add((key, each.first, each.end))
    return found


def _answered(memory: Memory, text: str) -> Intervals:
    """The same by the whole answer, for people: loosely only if nothing is exactly so."""
    found = memory.engine.read(TENANT, why(memory.reader, text, limit=1000))
    assert all(each.sure for each in found.occurrences)
    return {(EntryKey.of(each.reference), each.first, each.end) for each in found.occurrences}


def _by_pickaxe(memory: Memory, needle: Needle) -> dict[tuple[EntryKey, int], int]:
    found = memory.engine.read(TENANT, pickaxe(memory.reader, needle.text, limit=1000))
    assert not found.more
    places = [(each.record.revision, each.record.index) for each in found.changed]
    assert places == sorted(places, reverse=True)
    return {(each.record.entry, each.record.version): each.by for each in found.changed}


def _pages_agree(memory: Memory, needle: Needle, reader: Reader | None = None) -> None:
    """Pages of any size, which follow what they need, join to what following all finds."""

    def ask(limit: int, before: tuple[int, int] | None = None) -> Pickaxe:
        program = pickaxe(reader or memory.reader, needle.text, limit=limit, before=before)
        found: Pickaxe = memory.engine.read(TENANT, program)
        return found

    whole = ask(1000)
    assert whole.next_before is None
    for limit in (1, 2, 5):
        page, joined = ask(limit), list[Changed]()
        while page.next_before is not None:
            assert len(page.changed) == limit and (whole.more or not page.more)
            joined += page.changed
            page = ask(limit, page.next_before)
        assert (*joined, *page.changed) == whole.changed, (needle, limit)
        assert page.more == whole.more


def _counted(states: dict[EntryKey, list[Any]], needle: Needle) -> dict[tuple[EntryKey, int], int]:
    found = {}
    for key, values in states.items():
        counts = [sum(each.count(needle.form) for each in _texts(value)) for value in values]
        for version, (before, after) in enumerate(pairwise(counts), start=1):
            if before != after:
                found[key, version] = after - before
    return found


@st.composite
def _sentences(draw: st.DrawFn, texts: list[str]) -> Needle:
    """A piece of some state, exactly or loosely and then otherwise spaced and in other letters."""
    text = draw(st.sampled_from(texts))
    first = draw(st.integers(0, len(text) - 1))
    piece = text[first : first + draw(st.integers(1, 40))]
    loose = draw(st.booleans())
    if loose and draw(st.booleans()):
        piece = "  ".join(piece.split()).upper()
    return Needle(piece if piece.strip() else text, loose)


@given(WRITES, st.data())
@settings(max_examples=100, deadline=None)
def test_why_finds_what_reading_every_version_finds(
    writes: list[tuple[str, bool, str, int, int]], data: st.DataObject
) -> None:
    with opened(":memory:") as memory:
        for write in writes:
            _write(memory, write)
        states = _states(memory)
        texts = [text for values in states.values() for value in values for text in _texts(value)]
        texts = [text for text in texts if text.strip()]
        for _ in range(6 if texts else 0):
            needle = data.draw(_sentences(texts))
            found = _by_force(states, needle)
            event(f"over lines: {needle.may_span}, loose: {needle.loose}, found: {len(found)}")
            assert _by_why(memory, needle) == found, needle
            exactly = Needle(needle.text)
            expected = _by_force(states, exactly) or _by_force(states, Needle(needle.text, True))
            assert _answered(memory, needle.text) == expected, needle
            assert _by_pickaxe(memory, exactly) == _counted(states, exactly), exactly
            _pages_agree(memory, exactly)


Horizon = Callable[[Memory], Reader]


def _shared_late(memory: Memory) -> Reader:
    """Bob, who is let in now, and not shown what was before."""
    late = {"tier": "reader", "history": False}
    memory.commit(draft(access.namespace_grant(SPACE, "bob"), "grant", late))
    return Reader(TENANT, "bob", StateCache())


def _compacted(memory: Memory) -> Reader:
    """Ann, after retention dropped what was superseded."""
    memory.execute(compact(memory.author, memory.head.revision))
    return memory.reader


@pytest.mark.parametrize("horizon", [_shared_late, _compacted])
@given(writes=WRITES, more=WRITES, data=st.data())
@settings(max_examples=40, deadline=None)
def test_why_finds_what_stands_in_the_states_that_are_left_to_a_reader(
    horizon: Horizon,
    writes: list[tuple[str, bool, str, int, int]],
    more: list[tuple[str, bool, str, int, int]],
    data: st.DataObject,
) -> None:
    with opened(":memory:") as memory:
        for write in writes:
            _write(memory, write)
        states = _states(memory)
        begins = {key: len(values) - 1 for key, values in states.items()}
        reader = horizon(memory)
        for write in more:
            _write(memory, write)
        read = partial(memory.engine.read, TENANT)
        for key, values in states.items():
            values[: begins[key]] = [None] * begins[key]
            values += [
                read(reading.read_version(reader, key, version)).value
                for version in range(begins[key] + 1, memory.read(key).version + 1)
            ]
        texts = [text for values in states.values() for value in values for text in _texts(value)]
        texts = [text for text in texts if text.strip()]
        for _ in range(6 if texts else 0):
            needle = data.draw(_sentences(texts))
            found = {
                (key, max(first, begins[key]), end)
                for key, first, end in _by_why(memory, needle, reader)
            }
            assert found == _by_force(states, needle), needle
            _pages_agree(memory, Needle(needle.text), reader)


@given(writes=WRITES, more=WRITES, doomed=NUMBER, data=st.data())
@settings(max_examples=40, deadline=None)
def test_why_is_right_about_every_state_that_an_erasure_left(
    writes: list[tuple[str, bool, str, int, int]],
    more: list[tuple[str, bool, str, int, int]],
    doomed: int,
    data: st.DataObject,
) -> None:
    with opened(":memory:") as memory:
        for write in writes:
            _write(memory, write)
        head = memory.read(BLOCK).version
        if not head:
            return
        memory.execute(erase(memory.author, BLOCK, [doomed % head + 1]))
        for write in more:
            _write(memory, write)
        states: dict[tuple[EntryKey, int], Any] = {}
        for key in (BLOCK, NOTES, FACT, OTHER):
            for version in range(1, memory.read(key).version + 1):
                with suppress(Erased):
                    found = memory.engine.read(
                        TENANT, reading.read_version(memory.reader, key, version)
                    )
                    states[key, version] = found.value
        texts = [text for value in states.values() for text in _texts(value)]
        texts = [text for text in texts if text.strip() and ERASED_LINE not in text]
        for _ in range(6 if texts else 0):
            needle = data.draw(_sentences(texts))
            if needle.in_text(ERASED_LINE):  # what stands for bytes that are gone is no text
                continue
            _pages_agree(memory, Needle(needle.text))
            told = _by_why(memory, needle, sure=False)
            for (key, version), value in states.items():
                covered = any(
                    each == key and first <= version and (end is None or version < end)
                    for each, first, end in told
                )
                assert covered == _contains(value, needle), (needle, key, version)


def test_a_page_of_the_pickaxe_follows_what_it_needs_and_no_more() -> None:
    with opened(":memory:") as memory:
        for number in range(300):
            memory.append(f"Churn {number}.")
            if number % 10 == 9:
                memory.write(BLOCK, "rewrite", text="Anew.", expect=memory.read(BLOCK).version)
        steps: Counter[int] = Counter()

        def counted(limit: int) -> Program[Pickaxe]:
            program = pickaxe(memory.reader, "Churn", limit=limit)
            answer: Any = None
            while True:
                try:
                    step = program.send(answer)
                except StopIteration as end:
                    page: Pickaxe = end.value
                    return page
                steps[limit] += 1
                answer = yield step

        whole, page = (
            memory.engine.read(TENANT, counted(1000)),
            memory.engine.read(TENANT, counted(5)),
        )
        assert len(whole.changed) == 330 and page.changed == whole.changed[:5]
        assert steps[5] * 5 < steps[1000], steps
