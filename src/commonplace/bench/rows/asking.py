"""Asking: what the index of texts costs a writer, and how soon it finds a phrase."""

import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Final, cast

import commonplace
from commonplace.bench.bare import Scan
from commonplace.bench.chronicle import ACTOR, TENANT, make_chronicle, sentences, vocabulary
from commonplace.bench.measure import interleave, mean_us, medians, per_second, quantile, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.seeking import candidates
from commonplace.storage.registry import acquire, release
from commonplace.storage.sqlite.engine import SqliteEngine

_AIM_MS: Final = 100.0
_AIM_WRITE: Final = 1.25
_FOUND: Final = 20
_SAMPLES: Final = 64
_ASKED_A_ROUND: Final = 12
_LONE_WRITES: Final = 4
"""Times the plan's writes: a round of a lone writer has to reach the next batch of the index."""
_AGENTS: Final = 8
_SEED: Final = 3


def rows(plan: Plan) -> list[Row]:
    """Writes with the index and without it, then phrases in a long log."""
    return [*_writes(plan), *_phrases(plan)]


# --- what it costs --------------------------------------------------------------------------------


class _Writers:
    """Agents of one memory, each replacing its own text, with or without the index."""

    def __init__(self, path: Path, *, index: bool) -> None:
        self._engine = cast(SqliteEngine, acquire(str(path), create=True))
        self._engine._indexes = index  # no user has this switch
        self._memory = commonplace.Memory(path, actor=ACTOR)
        self._memory.__enter__()
        self._memory.create_task(TASK)
        texts = sentences()
        self.agents = [self._agent(f"own-{number}", texts) for number in range(_AGENTS)]
        self.cpu_us: list[float] = []

    def _agent(self, name: str, texts: Iterator[str]) -> Callable[[], object]:
        block, version = self._memory.task(TASK).create_block(name), 0
        said = list(islice(texts, 4096))
        numbers = count()

        def write() -> None:
            nonlocal version
            text = said[next(numbers) % len(said)]
            version = block.rewrite(text, expect=version).version

        return write

    def alone_us(self, writes: int) -> float:
        """The mean time of one write with nobody else about: of many, one waits for the index."""
        agent = self.agents[0]
        return mean_us(lambda _: agent(), writes)

    def together_us(self, seconds: float) -> float:
        """The time from one write to the next, of eight agents."""
        begun = time.process_time()
        rate = per_second(self.agents, seconds)
        self.cpu_us.append((time.process_time() - begun) / (rate * seconds) * 1e6)
        return 1e6 / rate

    def close(self) -> None:
        self._memory.close()
        release(self._engine)


def _writes(plan: Plan) -> list[Row]:
    names = {"with the index": True, "without it": False}
    made = {
        name: _Writers(plan.folder / f"asking-{number}.db", index=index)
        for number, (name, index) in enumerate(names.items())
    }
    try:
        writes = _LONE_WRITES * plan.writes
        lone = interleave(
            plan.rounds,
            {f"{name}, us": partial(each.alone_us, writes) for name, each in made.items()},
        )
        crew = interleave(
            plan.rounds,
            {f"{name}, us": partial(each.together_us, plan.seconds) for name, each in made.items()},
        )
        for name, each in made.items():
            crew[f"{name}, us of processor"] = each.cpu_us
    finally:
        for each in made.values():
            each.close()
    parts = medians(crew)
    value, spread = ratio(*lone.values())
    together, together_spread = ratio(*list(crew.values())[:2])
    return [
        Row("index-lone-writer", "lone durable write with the index of texts, over one without",
            value, "x", _AIM_WRITE, False, spread, medians(lone), "mean of all"),
        Row("index-agents-8", "the same, 8 agents in one process, from one write to the next",
            together, "x", _AIM_WRITE, False, together_spread, parts),
    ]  # fmt: skip


# --- what it gives --------------------------------------------------------------------------------


def _phrases(plan: Plan) -> list[Row]:
    path = plan.folder / "chronicle.db"
    samples = make_chronicle(str(path), plan.history, _SAMPLES)
    chance, common = random.Random(_SEED), vocabulary()[:40]
    kinds: dict[str, Callable[[], str]] = {
        "of six words that one record has": lambda: _words(chance, samples, 6),
        "of three words that one record has": lambda: _words(chance, samples, 3),
        "of two words that very many have": lambda: " ".join(common[:2]),
        "of three common words that hardly any has": lambda: " ".join(chance.sample(common, 3)),
        "of four characters": lambda: f"{chance.randrange(100, 1000)}.",
    }
    engine = acquire(str(path), create=False)
    scan = Scan(path, TENANT)
    reader = Reader(TENANT, ACTOR, StateCache())
    try:
        return [
            _row(plan, number, what, make, scan,
                 lambda text: engine.read(TENANT, candidates(reader, text, limit=_FOUND)))
            for number, (what, make) in enumerate(kinds.items())
        ]  # fmt: skip
    finally:
        scan.close()
        release(engine)


def _words(chance: random.Random, samples: list[str], size: int) -> str:
    """Some words in a row of one of the samples, its number not among them."""
    said = chance.choice([each for each in samples if len(each.split()) > size]).split()[:-1]
    first = chance.randrange(len(said) - size + 1)
    return " ".join(said[first : first + size])


def _row(
    plan: Plan,
    number: int,
    what: str,
    make: Callable[[], str],
    scan: Scan,
    ask: Callable[[str], object],
) -> Row:
    took: list[float] = []
    bare: list[float] = []
    for _ in range(plan.rounds):
        phrases = [make() for _ in range(_ASKED_A_ROUND)]
        took += [_ms(ask, phrase) for phrase in phrases]
        bare.append(_ms(lambda phrase: scan.find(phrase, _FOUND), phrases[0]))
    parts = {"median, ms": quantile(took, 0.5), "bare instr() scan, ms": quantile(bare, 0.5)}
    return Row(
        f"ask-{number + 1}",
        f"newest {_FOUND} records with a phrase {what}, {plan.history:,} revisions: p95",
        quantile(took, 0.95),
        "ms",
        _AIM_MS,
        False,
        (min(took), max(took)),
        parts,
    )


def _ms(ask: Callable[[str], object], phrase: str) -> float:
    begun = time.perf_counter()
    ask(phrase)
    return (time.perf_counter() - begun) * 1e3
