"""Pinned: reads of the past, with a short history and with a long one."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import commonplace
from commonplace import limits
from commonplace.bench.measure import in_pieces, mean_us, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.write import WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.proposal import draft, group_of
from commonplace.storage.registry import acquire, release

_BLOCKS = 10
_REWRITE_EVERY = 50
_PINS = 64
_SEED = 7
_AT_US = 1_800_000_000_000_000
_DEADLINE_S = 60.0


def rows(plan: Plan) -> list[Row]:
    """Reads at pins spread over the history, one file with each length of it."""
    short, long = plan.folder / "short.db", plan.folder / "long.db"
    make_history(short, plan.short_history)
    make_history(long, plan.history)
    with (
        commonplace.Memory(short, actor="bench") as near,
        commonplace.Memory(long, actor="bench") as far,
    ):
        readers = {plan.short_history: _Pins(near), plan.history: _Pins(far)}
        contest = {
            f"{revisions:,} revisions, us": lambda pins=pins: mean_us(pins.read, _PINS)
            for revisions, pins in readers.items()
        }
        results = in_pieces(plan.rounds, max(1, plan.reads // _PINS), contest)
    a, b = results.values()
    value, spread = ratio(b, a)
    what = f"pinned read with {plan.history:,} revisions, over one with {plan.short_history:,}"
    note = (
        f"{_PINS} pins spread over the history, {_BLOCKS} blocks, a rewrite every {_REWRITE_EVERY}"
    )
    return [Row("pinned-read", what, value, "x", 1.2, False, spread, medians(results), note)]


class _Pins:
    """Blocks at revisions all over a history."""

    def __init__(self, memory: commonplace.Memory) -> None:
        choose = random.Random(_SEED)
        head = memory.position().revision
        self._blocks = [
            memory.at(choose.randint(head // 10, head)).task(TASK).block(f"text-{n % _BLOCKS}")
            for n in range(_PINS)
        ]

    def read(self, number: int) -> object:
        return self._blocks[number % _PINS].read()


def make_history(path: Path, revisions: int) -> None:
    """A memory of `revisions` commits, made by the real commit path in its largest batches."""
    with commonplace.Memory(path, actor="bench") as memory:
        task = memory.create_task(TASK)
        for number in range(_BLOCKS):
            task.create_block(f"text-{number}")
        begun = memory.position().revision
    engine = acquire(str(path), create=False)
    try:
        cache, groups = StateCache(), _groups(revisions - begun)
        while batch := list(islice(groups, limits.MAX_BATCH_GROUPS)):
            engine.execute(commit_batch(batch, cache, lambda: _AT_US), _DEADLINE_S)
    finally:
        release(engine)


def _groups(count: int) -> Iterator[WriteGroup]:
    actor = Actor("bench")
    keys = [EntryKey(f"task/{TASK}", f"text-{number}") for number in range(_BLOCKS)]
    for number in range(count):
        key, version = keys[number % _BLOCKS], number // _BLOCKS
        if version % _REWRITE_EVERY:
            made = draft(key, "append", {"text": f"{number}: {TEXT}"})
        else:
            made = draft(key, "rewrite", {"text": f"{number}: {TEXT}"}, expect=version)
        yield group_of("default", actor, (made,))
