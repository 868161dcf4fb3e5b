"""The same groups, cut into other batches, on a real engine: the same chain, byte for byte."""

import random
from collections.abc import Sequence

import pytest

from commonplace.core.rules import CompareAndSet, TextBlock
from commonplace.core.verdict import Accepted, Duplicate, Verdict
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.programs import reading
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.sqlite.engine import SqliteEngine
from deciding import NOW_US, TASK, append, block, create, found, grant, group, revoke, write

SEED = 20261120
DEADLINE_S = 30.0


def script(seed: int) -> list[WriteGroup]:
    """Groups by two actors: some land, some conflict, some are denied, some are repeats."""
    chance = random.Random(seed)
    item = EntryKey(TASK, "facts", "a")
    asked = [
        ("lead", [found("tenant"), grant("lead", "owner", namespace="tenant")]),
        ("lead", [found(TASK), grant("lead", "owner")]),
        ("lead", [create("findings", TextBlock()), create("facts", CompareAndSet(), "json")]),
        ("lead", [grant("web-1", "editor", "findings")]),
    ]
    for number in range(120):
        version = chance.randrange(40)
        writes = chance.choice(
            [
                [append(f"line {number}\n\n")],
                [append(f"{number}"), append("é")],
                [write(block(), "replace", old=f"line {number - 3}", new="x", base=version)],
                [write(block(), "condense", text="all", through=version)],
                [write(block(), "rewrite", version, text="new")],
                [write(block(), "delete", version)],
                [write(item, "put", version % 4, value=number), append("with it")],
                [write(block(), "erase", versions=[version], current=True)],
                [grant("web-1", chance.choice(["reader", "editor"]), "findings")],
                [revoke("web-1", "findings")],
            ]
        )
        asked.append((chance.choice(["lead", "web-1"]), writes))
    groups = [group(actor, writes, key=f"k{n}") for n, (actor, writes) in enumerate(asked)]
    return groups + chance.sample(groups, 10)


def committed(
    groups: Sequence[WriteGroup], sizes: Sequence[int]
) -> tuple[list[Verdict], Position, list[Record]]:
    """The verdicts, position and log after `groups` in batches of `sizes`, over and over."""
    engine = SqliteEngine(":memory:")
    engine.open(create=True)
    try:
        cache, verdicts, at, turn = StateCache(), list[Verdict](), 0, 0
        while at < len(groups):
            size = sizes[turn % len(sizes)]
            batch = commit_batch(groups[at : at + size], cache, lambda: NOW_US)
            verdicts += engine.execute("acme", batch, DEADLINE_S)
            at, turn = at + size, turn + 1
        records = engine.read("acme", reading.tail("acme", 0, 10_000))
        return verdicts, engine.position("acme"), records
    finally:
        engine.close()


@pytest.mark.parametrize("seed", range(SEED, SEED + 3))
def test_other_batches_give_the_same_verdicts_records_and_digest(seed: int) -> None:
    groups = script(seed)
    verdicts, position, records = committed(groups, [1])
    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) > 30
    assert any(isinstance(verdict, Duplicate) for verdict in verdicts)
    assert position.digest == records[-1].digest
    for sizes in ([len(groups)], [2], [7, 1, 30], [50]):
        assert committed(groups, sizes) == (verdicts, position, records)
