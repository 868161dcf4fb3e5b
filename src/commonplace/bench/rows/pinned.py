"""Pinned: reads of the past, with a short history and with a long one."""

import random
import time
from collections.abc import Callable, Iterator
from itertools import islice

import commonplace
from commonplace import limits
from commonplace.bench.measure import in_pieces, mean_us, medians, ratio
from commonplace.bench.place import Place, files
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT
from commonplace.core.verdict import Accepted
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
_READS_A_PIN = 100
_SEED = 7
_DEADLINE_S = 60.0


def rows(plan: Plan) -> list[Row]:
    """Reads at pins spread over the history, one memory with each length of it."""
    return rows_at(plan, files(plan.folder, plan.history))


def rows_at(
    plan: Plan, place: Place, settle: Callable[[str], object] = lambda address: None
) -> list[Row]:
    """The same, wherever the memories lie; `settle` is called with each when it is filled."""
    short, long = place.address("short"), place.address("long")
    for address, revisions in ((short, plan.short_history), (long, place.history)):
        make_history(address, revisions)
        settle(address)
    with (
        commonplace.Memory(short, actor="bench") as near,
        commonplace.Memory(long, actor="bench") as far,
    ):
        contest = {}
        for revisions, memory in ((plan.short_history, near), (place.history, far)):
            one, each = _OnePin(memory), _ManyPins(memory)
            contest[f"{revisions:,} revisions, us"] = one.read_us
            contest[f"{revisions:,} revisions, another pin each time, us"] = each.read_us
        results = in_pieces(plan.rounds, max(1, plan.reads // _READS_A_PIN), contest)
    a, a_each, b, b_each = results.values()
    value, spread = ratio(b, a)
    scattered, scattered_spread = ratio(b_each, a_each)
    what = (
        f"{place.said}pinned read with {place.history:,} revisions, over one with "
        f"{plan.short_history:,}"
    )
    note = (
        f"{_READS_A_PIN} reads at a pin, then at another, {_BLOCKS} blocks, a rewrite every "
        f"{_REWRITE_EVERY} changes"
    )
    return [
        Row(f"{place.tag}pinned-read", what,
            value, "x", 1.2, False, spread, medians(results), note),
        Row(f"{place.tag}pinned-read-scattered", "the same, with another pin at each read",
            scattered, "x", 1.2, False, scattered_spread),
    ]  # fmt: skip


class _OnePin:
    """A run that reads all its blocks at one revision; the next run has another."""

    def __init__(self, memory: commonplace.Memory) -> None:
        self._memory = memory
        self._choose = random.Random(_SEED)
        self._head = memory.position().revision

    def read_us(self) -> float:
        snapshot = self._memory.at(self._choose.randint(self._head // 10, self._head))
        task = snapshot.task(TASK)
        blocks = [task.block(f"text-{number}") for number in range(_BLOCKS)]
        return mean_us(lambda number: blocks[number % _BLOCKS].read(), _READS_A_PIN)


class _ManyPins:
    """Reads at revisions all over the history, so that none finds the pages of another."""

    def __init__(self, memory: commonplace.Memory) -> None:
        choose = random.Random(_SEED)
        head = memory.position().revision
        self._blocks = [
            memory.at(choose.randint(head // 10, head)).task(TASK).block(f"text-{n % _BLOCKS}")
            for n in range(_PINS)
        ]

    def read_us(self) -> float:
        return mean_us(lambda number: self._blocks[number % _PINS].read(), _PINS)


def make_history(address: str, revisions: int) -> None:
    """A memory of `revisions` commits, made by the real commit path in its largest batches."""
    with commonplace.Memory(address, actor="bench") as memory:
        task = memory.create_task(TASK)
        for number in range(_BLOCKS):
            task.create_block(f"text-{number}")
        begun = memory.position().revision
    engine = acquire(address, create=False)
    try:
        cache, groups = StateCache(), _groups(revisions - begun)
        while batch := list(islice(groups, limits.MAX_BATCH_GROUPS)):
            program = commit_batch(batch, cache, lambda: time.time_ns() // 1000)
            verdicts = engine.execute("default", program, _DEADLINE_S)
            if not all(isinstance(verdict, Accepted) for verdict in verdicts):
                raise AssertionError(f"the history was refused: {verdicts[0]}")
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
