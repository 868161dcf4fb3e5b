"""Seeking: the text index against a search of everything, whatever state it is in."""

import random
from pathlib import Path

import pytest

from commonplace import limits
from commonplace.core import access
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.storage.cache import StateCache
from commonplace.storage.codec import encode
from commonplace.storage.programs.indexing import catch_up, index_all
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.seeking import EVERYWHERE, Indexed, Scope, candidates
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.proposal import draft, group_of
from commonplace.storage.texts import Written, grams, indexed, words
from histories import (
    BLOCK,
    FACT,
    IN_MEMORY,
    NOTES,
    SPACE,
    TENANT,
    opened,
    stopped,
)
from searches import (
    DISPATCHED,
    PLAN,
    WORDS,
    agrees,
    brute,
    cursor,
    everything,
    exchange,
    forget,
    live,
    needles,
    sought,
)


@pytest.fixture(params=[4, 64])
def often(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The index is carried on every few commits, in small batches."""
    monkeypatch.setattr(limits, "INDEX_EVERY_REVISIONS", request.param)
    monkeypatch.setattr(limits, "INDEX_BATCH_RECORDS", 16)
    return int(request.param)


@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_a_search_of_everything_finds(often: int, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, seed, 150)
        assert 0 < cursor(memory) < memory.head.revision + (often == 4)
        agrees(memory, seed)
        memory.assert_sound()


def test_pages_of_any_size_give_the_same(often: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, 5, 120)
        for text in ("the", "12%", "x", "of the", "école"):
            whole = sought(memory, text)
            assert whole
            assert all(sought(memory, text, page=size) == whole for size in (1, 2, 7))
            with monkeypatch.context() as tight:
                tight.setattr(limits, "MAX_SOUGHT_ROWS", 5)
                tight.setattr(limits, "MAX_PAGE_ROWS", 3)
                assert sought(memory, text, page=4) == whole


def test_it_catches_up_from_nothing_and_is_right_at_every_step(often: int) -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, 6, 90)
        made, lines = everything(memory), memory.sql("SELECT made FROM log ORDER BY 1")
        forget(memory)
        texts = list(needles(made, 6, 25))
        steps = 0
        while True:
            for text in texts:
                assert sought(memory, text) == brute(made, text), (steps, text)
            before = cursor(memory)
            assert memory.execute(catch_up(TENANT)) == cursor(memory) - before
            if cursor(memory) == before:
                break
            steps += 1
        assert steps > 3 and cursor(memory) == memory.head.revision
        assert memory.sql("SELECT made FROM log ORDER BY 1") == lines
        memory.assert_sound()


def test_writing_alone_catches_up(often: int) -> None:
    with opened(IN_MEMORY) as memory:
        live(memory, 7, 60)
        forget(memory)
        for number in range(4 * often):
            memory.append(f"more {number}")
        assert cursor(memory) > 0
        agrees(memory, 7)


def test_most_writes_leave_the_index_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(limits.INDEX_EVERY_REVISIONS - memory.head.revision - 2):
            memory.append(f"write {number}")
        assert cursor(memory) == 0
        memory.append("one more")
        assert cursor(memory) == memory.head.revision == limits.INDEX_EVERY_REVISIONS - 1
        memory.append("x" * limits.INDEX_EVERY_BYTES)
        assert cursor(memory) == memory.head.revision


def test_of_a_large_commit_only_what_says_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(IN_MEMORY) as memory:
        keys = [FACT._replace(key=f"k{number}") for number in range(limits.MAX_GROUP_WRITES)]
        for _ in range(2):
            memory.commit(*(draft(key, "put", {"value": f"note on {key.key}"}) for key in keys))
        memory.execute(index_all(TENANT))
        last = memory.head.revision
        wanted = [(last, 255), (last - 1, 255)]
        monkeypatch.setattr(limits, "MAX_SOUGHT_ROWS", 3)
        got = memory.engine.read(TENANT, candidates(memory.reader, "note on k255", limit=9))
        assert [(each.revision, each.index) for each in got.records] == wanted and not got.more
        for size in (1, 7):
            assert len(sought(memory, "note on", page=size)) == 512
        memory.execute(erase(memory.author, keys[7], [1]))
        assert (last - 1, 7) not in sought(memory, "note on k7")
        assert len(sought(memory, "note on")) == 510  # the second said the same
        memory.assert_sound()


def test_rows_are_numbered_by_tenant_revision_and_place() -> None:
    places = [(0, 0), (1, 255), (2, 0), (10**10, 255)]
    rows = [Indexed(number, 1).row(*at) for number in (1, 2, 100_000) for at in places]
    assert rows == sorted(set(rows)) and rows[-1] < 1 << 63
    assert [Indexed(100_000, 1).place(row) for row in rows[-4:]] == places
    with pytest.raises(AssertionError):
        Indexed(1, 1).row(1, 256)


def test_a_stop_anywhere_leaves_it_right(tmp_path: Path, often: int) -> None:
    with opened(tmp_path / "m.db") as memory:
        live(memory, 8, 40)
        made = everything(memory)
        forget(memory)
        texts = list(needles(made, 8, 10))
        steps = 0
        while not stopped(memory, index_all(TENANT), steps):
            steps += 3
            for text in texts:
                assert sought(memory, text) == brute(made, text)
            memory.assert_sound()
        assert steps > 10


# --- who may see what ---------------------------------------------------------------------------


def test_a_reader_finds_only_what_it_may_read() -> None:
    with opened(IN_MEMORY) as memory:
        memory.append("the secret sauce")
        bob = Reader(TENANT, "bob", StateCache())
        assert sought(memory, "secret sauce", bob) == set()
        where = access.region_grant(SPACE, BLOCK.region, "bob")
        memory.commit(draft(where, "grant", {"tier": "reader", "history": False}))
        shared = memory.append("secret again").revision
        memory.append("secret elsewhere", NOTES)
        memory.execute(index_all(TENANT))
        assert sought(memory, "secret", bob) == {(shared, 0)}
        memory.execute(compact(memory.author, memory.head.revision))
        got = memory.engine.read(TENANT, candidates(bob, "secret", limit=9))
        mine = memory.engine.read(TENANT, candidates(memory.reader, "secret", limit=9))
        assert (got.unsearchable, mine.unsearchable) == (0, 1)


@pytest.mark.parametrize("seed", range(3))
def test_what_channels_carry_is_found_too(often: int, seed: int) -> None:
    with opened(IN_MEMORY) as memory:
        exchange(memory, seed, 20)
        live(memory, seed, 20)
        exchange(memory, seed + 50, 20)
        agrees(memory, seed)
        memory.assert_sound()
        memory.execute(erase(memory.author, DISPATCHED[0], [1]))
        agrees(memory, seed)
        memory.execute(compact(memory.author, memory.head.revision - 5))
        agrees(memory, seed)
        memory.assert_sound()


def test_what_a_channel_carries_is_found_by_whoever_reads_the_channel() -> None:
    with opened(IN_MEMORY) as memory:
        exchange(memory, 1, 0)
        sent = {"to": "bob", "pin": 1, "version": 0, "follows": "", "since": 0}
        memory.write(DISPATCHED[0], "dispatch", payload="the secret sauce", **sent)
        memory.append("no secret")
        bob = Reader(TENANT, "bob", StateCache())
        assert sought(memory, "secret", bob) == set()
        where = access.region_grant(SPACE, PLAN.region, "bob")
        memory.commit(draft(where, "grant", {"tier": "reader", "history": False}))
        sees = memory.write(DISPATCHED[1], "dispatch", payload="a secret", **sent).revision
        for _ in range(2):
            assert sought(memory, "secret", bob) == {(sees, 0)}
            memory.execute(index_all(TENANT))
        for key in DISPATCHED[:2]:
            memory.write(key, "withdraw", of=1, by="ffff")
        memory.execute(compact(memory.author, memory.head.revision))
        got = memory.engine.read(TENANT, candidates(bob, "secret", limit=9))
        mine = memory.engine.read(TENANT, candidates(memory.reader, "secret", limit=9))
        assert (got.unsearchable, mine.unsearchable) == (1, 2)


def test_tenants_do_not_meet() -> None:
    with opened(IN_MEMORY) as memory:
        other = Reader("other", "ann", StateCache())
        found = [
            draft(EntryKey("agent/ann", "_contracts", "b"), "create", CONTRACT),
            draft(EntryKey("agent/ann", "b"), "append", {"text": "shared words"}),
        ]
        memory.engine.propose(group_of("other", Actor("ann"), found), 10.0)
        here = memory.append("shared words").revision
        for tenant in (TENANT, "other"):
            memory.execute(index_all(tenant))
        assert sought(memory, "shared words") == {(here, 0)}
        assert sought(memory, "shared words", other) == {(1, 1)}


CONTRACT = {
    "contract": {
        "holds": "text",
        "rule": {"name": "text_block", "version": 1, "parameters": {}},
        "visibility": "strong",
        "max_bytes": 1 << 20,
    }
}


# --- where ---------------------------------------------------------------------------------------

SCOPES = {
    "a namespace": Scope(Namespace.parse(SPACE)),
    "another": Scope(Namespace.parse("task/q4")),
    "below a prefix": Scope(NamespacePrefix(("task",))),
    "below another": Scope(NamespacePrefix(("agent",))),
    "a block": Scope(Namespace.parse(SPACE), BLOCK.region, ""),
    "a region": Scope(region=FACT.region),
    "a key": Scope(Namespace.parse(SPACE), FACT.region, "k2"),
    "dispatches": Scope(region="_dispatches"),
}


@pytest.mark.parametrize("where", SCOPES)
def test_a_scope_gives_what_is_inside(
    often: int, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    scope = SCOPES[where]
    with opened(IN_MEMORY) as memory:
        live(memory, 3, 70)
        exchange(memory, 3, 20)
        live(memory, 4, 30)
        monkeypatch.setattr(limits, "MAX_SOUGHT_ROWS", 40)
        monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 7)
        made = everything(memory)
        rows = memory.sql("SELECT revision, place, namespace, region, key FROM log")
        inside = {(row[0], row[1]) for row in rows if scope.holds(EntryKey(*row[2:]))}
        assert (not inside & set(made)) == (where in {"another", "below another"})
        for text in needles(made, 3, 20):
            for size in (2, 100):
                found = sought(memory, text, page=size, scope=scope)
                assert found == brute(made, text) & inside, (text, size)


def test_what_is_outside_counts_against_no_limit_but_that_of_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opened(IN_MEMORY) as memory:
        first = memory.append("common words", NOTES).revision
        for number in range(30):
            memory.append(f"common words {number}")
        monkeypatch.setattr(limits, "MAX_PAGE_ROWS", 8)
        scope = Scope(region=NOTES.region)
        for _ in range(2):
            got = memory.engine.read(
                TENANT, candidates(memory.reader, "common", limit=2, scope=scope)
            )
            assert [record.revision for record in got.records] == [first] and not got.more
            with monkeypatch.context() as tight:
                tight.setattr(limits, "MAX_SOUGHT_ROWS", 16)
                got = memory.engine.read(
                    TENANT, candidates(memory.reader, "common", limit=2, scope=scope)
                )
                assert not got.records and got.more
                assert sought(memory, "common", page=2, scope=scope) == {(first, 0)}
            memory.execute(index_all(TENANT))


def test_what_cannot_be_searched_is_counted_inside() -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(3):
            memory.append(f"gone {number}")
            memory.put(number)
            memory.put(number, FACT._replace(key="other"))
        bob = Reader(TENANT, "bob", StateCache())
        late = {"tier": "reader", "history": False}
        memory.commit(draft(access.namespace_grant(SPACE, "bob"), "grant", late))
        memory.put(4)
        memory.put(5)
        memory.execute(compact(memory.author, memory.head.revision))

        def count(reader: Reader, scope: Scope) -> int:
            got = memory.engine.read(TENANT, candidates(reader, "gone", limit=9, scope=scope))
            return int(got.unsearchable)

        block = Scope(Namespace.parse(SPACE), BLOCK.region, "")
        one, two = (Scope(region=FACT.region, key=key) for key in (FACT.key, "other"))
        scopes = (EVERYWHERE, block, Scope(region=FACT.region), one, two, SCOPES["another"])
        whole = count(memory.reader, EVERYWHERE)
        assert whole == count(memory.reader, block) + count(memory.reader, scopes[2])
        assert [count(memory.reader, each) for each in scopes[3:]] == [4, 2, 0]
        assert [count(bob, each) for each in scopes] == [1, 0, 1, 1, 0, 0]


# --- short texts --------------------------------------------------------------------------------


def test_a_short_text_is_read_for_and_the_answer_says_so() -> None:
    with opened(IN_MEMORY) as memory:
        first = memory.append("in Q3").revision
        memory.execute(index_all(TENANT))
        for text, by_index in (("Q3", False), ("n q", True), ("in q3", True), ("日", False)):
            got = memory.engine.read(TENANT, candidates(memory.reader, text, limit=9))
            assert got.indexed is by_index
            assert [record.revision for record in got.records] == ([first] if text != "日" else [])


def test_grams_are_those_of_whatever_contains_the_text() -> None:
    chance = random.Random(1)
    for _ in range(500):
        text = " ".join(chance.choice(WORDS) for _ in range(chance.choice((9, 99))))
        start = chance.randrange(len(text))
        piece = words(text[start : start + chance.randrange(1, 40)])
        given = indexed(Written(1, 0, *BLOCK, 1, "append", encode({"text": text}), None))
        assert all(each in given for each in grams(piece)), (piece, text)
