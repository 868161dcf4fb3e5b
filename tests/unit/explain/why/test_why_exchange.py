"""why of what channels carry: dispatches and replies, until they are settled or withdrawn."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonplace import Channel, Memory
from commonplace.core.exchange import carried
from commonplace.explain.why.needle import Needle
from commonplace.explain.why.pickaxe import pickaxe
from commonplace.explain.why.why import why
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import reading
from commonplace.storage.programs.indexing import index_all
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.texts import leaves
from histories import IN_MEMORY, TENANT, opened
from histories import Memory as History
from searches import DISPATCHED, exchange

States = dict[EntryKey, list[Any]]
Runs = set[tuple[EntryKey, int, int | None]]


def _states(memory: History, begins: dict[EntryKey, int]) -> States:
    """What every dispatch carried, by version from 0 on; None before the version it begins at."""
    found: States = {}
    for key in DISPATCHED:
        found[key] = [None]
        for version in range(1, memory.read(key).version + 1):
            state = None
            if version >= begins.get(key, 0):
                read = reading.read_version(memory.reader, key, version)
                state = list(carried(memory.engine.read(TENANT, read).value))
            found[key].append(state)
    return found


def _runs(states: States, needle: Needle) -> Runs:
    found: Runs = set()
    for key, values in states.items():
        held = [any(needle.in_text(each) for each in leaves(value)) for value in values]
        for version in range(1, len(held)):
            if held[version] and not held[version - 1]:
                end = next((n for n in range(version, len(held)) if not held[n]), None)
                found.add((key, version, end))
    return found


def _told(memory: History, text: str, begins: dict[EntryKey, int]) -> Runs:
    found = memory.engine.read(TENANT, why(memory.reader, text, limit=1000))
    assert all(each.sure for each in found.occurrences)
    runs = set()
    for each in found.occurrences:
        key = EntryKey.of(each.reference)
        if each.ended is not None:
            status = {"settle": "settled", "withdraw": "withdrawn", "reply": "replaced"}
            assert each.status == status[each.ended.operation]
        runs.add((key, max(each.first, begins.get(key, 0)), each.end))
    return runs


def _sentence(chance: random.Random, states: States) -> str:
    said = [text for values in states.values() for value in values for text in leaves(value)]
    text = chance.choice(said or ["churn"])
    first = chance.randrange(len(text))
    piece = text[first : first + chance.randrange(1, 20)]
    return piece if piece.strip() else text


@given(seed=st.integers(0, 1 << 30), indexed=st.booleans())
@settings(max_examples=60, deadline=None)
def test_why_finds_what_reading_every_version_finds(seed: int, indexed: bool) -> None:
    chance = random.Random(seed)
    with opened(IN_MEMORY) as memory:
        exchange(memory, seed, 25)
        if indexed:
            memory.execute(index_all(TENANT))
        states = _states(memory, {})
        for text in ("ann", "open", "replied", *(_sentence(chance, states) for _ in range(6))):
            needle = Needle(text)
            expected = _runs(states, needle) or _runs(states, Needle(text, loose=True))
            assert _told(memory, text, {}) == expected, text
            found = memory.engine.read(TENANT, pickaxe(memory.reader, text, limit=1000))
            by = {(each.record.entry, each.record.version): each.by for each in found.changed}
            assert by == _counted(states, needle), text


def _counted(states: States, needle: Needle) -> dict[tuple[EntryKey, int], int]:
    found = {}
    for key, values in states.items():
        counts = [sum(each.count(needle.form) for each in leaves(value)) for value in values]
        for version, (before, after) in enumerate(pairwise(counts), start=1):
            if before != after:
                found[key, version] = after - before
    return found


@given(seed=st.integers(0, 1 << 30))
@settings(max_examples=40, deadline=None)
def test_why_finds_what_stands_in_the_states_that_a_compaction_left(seed: int) -> None:
    chance = random.Random(seed)
    with opened(IN_MEMORY) as memory:
        exchange(memory, seed, 15)
        begins = {key: memory.read(key).version for key in DISPATCHED}
        memory.execute(compact(memory.author, memory.head.revision))
        exchange(memory, seed + 1, 12)
        states = _states(memory, begins)
        for text in (_sentence(chance, states) for _ in range(6)):
            expected = _runs(states, Needle(text))
            assert _told(memory, text, begins) == expected, text


def test_after_a_compaction_a_reply_is_not_taken_for_what_was_sent() -> None:
    with opened(IN_MEMORY) as memory:
        exchange(memory, 1, 0)
        sent = {"to": "ann", "pin": 1, "version": 0, "follows": "", "since": 0}
        memory.write(DISPATCHED[0], "dispatch", payload="Find out.", **sent)
        memory.write(DISPATCHED[0], "reply", payload="The price.", version=0, revision=1)
        memory.execute(compact(memory.author, memory.head.revision))
        (found,) = memory.engine.read(TENANT, why(memory.reader, "Find out.")).occurrences
        assert (found.first, found.end, found.status) == (1, None, "stands")
        assert found.introduced is not None and found.introduced.operation == "dispatch"
        assert found.again == ()


# --- the whole answer -----------------------------------------------------------------------------


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[tuple[Channel, Memory]]:
    """The lead's channel, and the worker it is shared with."""
    with Memory(tmp_path / "team.db", actor="lead") as lead:
        task = lead.create_task("q3", share={"docs": "editor"})
        channel = task.create_channel("plan")
        with lead.as_actor("docs") as docs:
            yield channel, docs


def test_who_asked_who_was_shown_it_and_what_came_of_it(plan: tuple[Channel, Memory]) -> None:
    channel, docs = plan
    sent = channel.dispatch("docs", "Find out why churn fell.", reason="the board asked")
    with docs.turn() as turn:
        (seen,) = docs.task("q3").channel("plan").inbox(turn=turn)
        docs.task("q3").channel("plan").reply(seen, "The price fell.", turn=turn)
    (asked,) = docs.why("churn fell").occurrences
    reference = f"task/q3:_dispatches/plan%2F{sent.id}"
    assert (str(asked.reference), asked.status) == (f"{reference}@1", "stands")
    assert asked.introduced is not None and asked.introduced.reason == "the board asked"
    assert asked.again == ()  # the reply did not say it again
    assert [(row.actor, str(row.reference)) for row in asked.served] == [("docs", f"{reference}@1")]
    assert [(str(each.record.reference), each.edge) for each in asked.derived] == [
        (f"{reference}@2", "inferred")
    ]
    (reply,) = channel.inbox()
    channel.commit(reply, value={"steps": ["lower the price"]})
    (answer,) = docs.why("The price fell.").occurrences
    assert (answer.first, answer.end, answer.status) == (2, 3, "settled")
    assert answer.introduced is not None and answer.introduced.actor.name == "docs"
    assert answer.ended is not None and answer.ended.operation == "settle"
    again = channel.redispatch(channel.dispatch("docs", "Read page 7."))
    runs = docs.why("Read page 7.").occurrences
    assert [each.status for each in runs] == ["withdrawn", "stands"]
    assert runs[1].reference.key == f"plan/{again.id}"
    assert "settled" in str(docs.why("The price fell."))


def test_what_was_asked_was_read_with_the_reply_too(plan: tuple[Channel, Memory]) -> None:
    docs = plan[1]
    task = docs.task("q3")
    task.create_block("notes")
    task.block("notes").append("Churn fell.")
    with docs.as_actor("lead") as lead:
        ours = lead.task("q3").channel("plan")
        sent = ours.dispatch("docs", "Find out.", based_on=["task/q3:notes@1"])
        task.channel("plan").reply(sent, "It was the price.")
        with lead.turn() as turn:
            ours.inbox(turn=turn)  # shows the question in version 2
            lead.task("q3").block("notes").append("So it was.", turn=turn)
    (found,) = docs.why("Churn fell.", depth=2).occurrences
    built = [(each.record.operation, each.depth) for each in found.derived]
    assert built == [("dispatch", 1), ("append", 2)]
