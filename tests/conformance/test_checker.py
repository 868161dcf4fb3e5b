"""The checker is tested itself: histories that once would have slipped through, and sound ones."""

from dataclasses import replace

import pytest

from commonplace import Memory, NamespacePrefix
from commonplace.testing.checker import check
from commonplace.testing.history import Event
from commonplace.testing.replay import texts_of

EVERYTHING = NamespacePrefix(())
ENTRY = "task/t:notes"


@pytest.fixture(scope="module")
def records():
    """A log: `a` appends, `b` rewrites, `a` appends."""
    with Memory(":memory:", actor="owner") as memory:
        memory.share({"owner": "owner"}, prefix=EVERYTHING)
        task = memory.create_task("t", share={"a": "owner", "b": "owner"})
        task.create_block("notes")
        a, b = memory.as_actor("a"), memory.as_actor("b")
        with a, b:
            a.task("t").block("notes").append("one", idempotency_key="a1")
            b.task("t").block("notes").rewrite("two", expect=1, idempotency_key="b1")
            a.task("t").block("notes").append("three", idempotency_key="a2")
        found = memory.log(EVERYTHING, limit=100)
        for region in ("_namespace", "_contracts", "_grants"):
            found += memory.log(EVERYTHING, region=region, limit=100)
    return sorted(found, key=lambda record: (record.revision, record.index))


def write(client, key, asked, answered, version, *, outcome="ok", **more):
    revision = more.pop("revision", version + 4)
    if outcome != "ok":
        version = revision = 0
    return Event(client, "append", ENTRY, asked, answered, outcome, key, version, revision, **more)


def read(client, asked, answered, version, text):
    revision = version + 4 if version else 0
    return Event(
        client, "read", ENTRY, asked, answered, "ok", version=version, revision=revision, text=text
    )


A1, B1, A2 = write("a", "a1", 1, 2, 1), write("b", "b1", 3, 6, 2), write("a", "a2", 5, 8, 3)


def test_a_sound_history_passes(records):
    events = [
        A1,
        B1,
        A2,
        read("c", 1, 2, 0, ""),
        read("c", 2, 3, 1, "one"),
        read("c", 4, 7, 1, "one"),
        read("c", 7, 9, 3, "two\nthree"),
        write("c", "c1", 3, 4, 0, outcome="refused", code="version_conflict", expect=1),
        write("c", "c2", 3, None, 0, outcome="unknown"),
    ]
    assert check(records, events, texts_of) == []


BROKEN = {
    "acknowledged and not there": ([write("c", "c1", 1, 2, 4)], "in the log as []"),
    "another version than it says": ([replace(A1, version=2)], "acknowledged as r5 @2"),
    "refused and there": ([replace(A1, outcome="refused")], "refused, and in the log"),
    "against real time": ([replace(A2, asked_ns=1, answered_ns=2), B1], "not before it"),
    "a text that never stood": ([A1, read("c", 3, 4, 1, "won")], "the log gives"),
    "a version that is not there": ([read("c", 3, 4, 9, "")], "no record made"),
    "a stale read": ([A1, B1, read("c", 7, 8, 1, "one")], "stale"),
    "a read that goes back": (
        [read("c", 6, 7, 2, "two"), read("d", 8, 9, 1, "one")],
        "stale",
    ),
    "a read of the future": ([B1, read("c", 1, 2, 2, "two")], "before it was asked for"),
    "a conflict for nothing": (
        [
            A2,
            write("c", "c1", 9, 10, 0, outcome="refused", code="version_conflict", expect=3),
        ],
        "stood all the while",
    ),
}


@pytest.mark.parametrize(("events", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_history_is_found(records, events, words):
    found = check(records, events, texts_of)
    assert found
    assert words in found[0]


LOGS = {
    "a gap": (lambda log: log[:-2] + log[-1:], "the log goes from"),
    "a repetition": (lambda log: [*log, log[-1]], "the log goes from"),
    "out of order": (lambda log: [*log[:-2], log[-1], log[-2]], "the log goes from"),
    "a version twice": (lambda log: [*log[:-1], replace(log[-1], version=2)], "has the versions"),
    "a version restarted": (
        lambda log: [*log[:-1], replace(log[-1], version=1)],
        "has the versions",
    ),
    "time going back": (
        lambda log: [*log[:-1], replace(log[-1], at_us=log[-2].at_us - 1)],
        "by its time",
    ),
}


@pytest.mark.parametrize(("broken", "words"), LOGS.values(), ids=LOGS)
def test_a_broken_log_is_found(records, broken, words):
    found = check(broken(records), [], texts_of)
    assert any(words in each for each in found), found


def test_an_unknown_write_is_there_at_most_once(records):
    unknown = replace(A1, outcome="unknown", version=0, revision=0, answered_ns=None)
    assert check(records, [unknown], texts_of) == []
    twice = [*records, replace(records[-1], idempotency_key="a1", revision=8, version=4)]
    assert any("2 times" in each for each in check(twice, [unknown], texts_of))
