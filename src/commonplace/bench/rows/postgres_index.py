"""The index of texts on PostgreSQL: what carrying it on costs those who write."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from typing import Final

import commonplace
from commonplace.bench.chronicle import ACTOR, TENANT, sentences
from commonplace.bench.measure import interleave, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK
from commonplace.bench.server import SAID, TAG, Server
from commonplace.core.verdict import Accepted
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.programs.commit import commit_batch
from commonplace.storage.proposal import draft, group_of
from commonplace.storage.registry import acquire, release

_AIM: Final = 1.25
_TOGETHER: Final = 64
_LONE_WRITES: Final = 4
"""Times the plan's writes: a round of a lone writer has to reach the next batch of the index."""
_DEADLINE_S: Final = 60.0
_TEXTS: Final = 4096


def rows(plan: Plan, server: Server) -> list[Row]:
    """Lone writes and batches of 64, below the faces, with the index and without it."""
    made = {
        "with the index": _Writer(server.database("indexed"), index=True),
        "without it": _Writer(server.database("unindexed"), index=False),
    }
    writes = _LONE_WRITES * plan.writes
    try:
        lone = interleave(
            plan.rounds,
            {f"{name}, us": partial(each.mean_us, 1, writes) for name, each in made.items()},
        )
        crew = interleave(
            plan.rounds,
            {
                f"{name}, us a write": partial(each.mean_us, _TOGETHER, _TOGETHER * writes // 4)
                for name, each in made.items()
            },
        )
    finally:
        for each in made.values():
            each.close()
    value, spread = ratio(*lone.values())
    together, together_spread = ratio(*crew.values())
    what = f"{SAID}lone durable write with the index of texts, over one without"
    return [
        Row(f"{TAG}index-lone-writer", what, value, "x", _AIM, False, spread, medians(lone),
            "mean of all"),
        Row(f"{TAG}index-batch", f"the same, in batches of {_TOGETHER}",
            together, "x", _AIM, False, together_spread, medians(crew)),
    ]  # fmt: skip


class _Writer:
    """Commits batches one after the other by the real commit path."""

    def __init__(self, address: str, *, index: bool) -> None:
        with commonplace.Memory(address, actor=ACTOR) as memory:
            task = memory.create_task(TASK)
            for number in range(_TOGETHER):
                task.create_block(f"own-{number}")
        self._engine: Engine = acquire(address, create=False)
        self._cache = StateCache()
        self._index = index
        self._texts = list(islice(sentences(), _TEXTS))
        self._numbers: Iterator[int] = count()
        self._versions = dict.fromkeys(range(_TOGETHER), 0)
        self._actor = Actor(ACTOR)
        self._clock: Callable[[], int] = lambda: time.time_ns() // 1000

    def mean_us(self, together: int, writes: int) -> float:
        """The mean time for one of so many writes, in batches of `together`."""
        begun = time.perf_counter()
        for _ in range(writes // together):
            self._commit(together)
        return (time.perf_counter() - begun) / writes * 1e6

    def _commit(self, together: int) -> None:
        groups = []
        for number in range(together):
            key, version = EntryKey(f"task/{TASK}", f"own-{number}"), self._versions[number]
            text = self._texts[next(self._numbers) % _TEXTS]
            made = draft(key, "rewrite", {"text": text}, expect=version)
            groups.append(group_of(TENANT, self._actor, (made,)))
            self._versions[number] += 1
        program = commit_batch(groups, self._cache, self._clock, index=self._index)
        verdicts = self._engine.execute(TENANT, program, _DEADLINE_S)
        if not all(isinstance(verdict, Accepted) for verdict in verdicts):
            raise AssertionError(f"refused: {verdicts[0]}")

    def close(self) -> None:
        """Let the memory go."""
        release(self._engine)
