"""Explaining: how soon `why`, `log -S` and a timeline answer in a long log, and blame's growth."""

import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import commonplace
from commonplace.bench.chronicle import ACTOR, make_chronicle, vocabulary
from commonplace.bench.measure import interleave, medians, quantile, ratio
from commonplace.bench.place import Place, files
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row

_AIM_MS: Final = 100.0
_AIM_EVENTS_MS: Final = 1000.0
_AIM_BLAME: Final = 1.2
_SAMPLES: Final = 64
_ASKED_A_ROUND: Final = 8
_SHORTER: Final = 2
"""Both are longer, or both shorter, than what a reader keeps in memory."""
_SEED: Final = 5


def rows(plan: Plan) -> list[Row]:
    """Questions to a long log, then blame of a block and of one half as long."""
    return rows_at(plan, files(plan.folder, plan.history))


def rows_at(
    plan: Plan, place: Place, settle: Callable[[str], object] = lambda address: None
) -> list[Row]:
    """The same, wherever the memory lies; `settle` is called with it when it is filled."""
    address = place.address("explaining")
    samples = make_chronicle(address, place.history, _SAMPLES)
    settle(address)
    with commonplace.Memory(address, actor=ACTOR) as memory:
        return [*_questions(plan, place, memory, samples), _blame(plan, place, memory)]


def _questions(
    plan: Plan, place: Place, memory: commonplace.Memory, samples: Sequence[str]
) -> list[Row]:
    chance, common = random.Random(_SEED), vocabulary()[:40]
    everything = commonplace.NamespacePrefix.of()
    memory.share({ACTOR: "reader"}, prefix=everything)
    rare: Callable[[], str] = partial(chance.choice, samples)
    frequent: Callable[[], str] = partial(chance.choice, common)
    asked: dict[str, tuple[str, float, Callable[[], object]]] = {
        "why-rare": ("why of a sentence", _AIM_MS, lambda: memory.why(rare())),
        "why-common": ("why of a common word", _AIM_MS, lambda: memory.why(frequent())),
        "pickaxe-rare": ("log -S of a sentence", _AIM_MS, lambda: memory.pickaxe(rare())),
        "pickaxe-common": ("log -S of a common word", _AIM_MS, lambda: memory.pickaxe(frequent())),
        "timeline": ("the newest 100 events", _AIM_EVENTS_MS, lambda: memory.timeline(everything)),
    }
    return [_row(plan, place, name, *each) for name, each in asked.items()]


def _row(
    plan: Plan, place: Place, name: str, what: str, aim: float, ask: Callable[[], object]
) -> Row:
    took = [_ms(ask) for _ in range(plan.rounds * _ASKED_A_ROUND)]
    return Row(
        f"{place.tag}{name}",
        f"{place.said}{what}, {place.history:,} revisions: p95",
        quantile(took, 0.95),
        "ms",
        aim,
        False,
        (min(took), max(took)),
        {"median, ms": quantile(took, 0.5)},
    )


def _ms(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1e3


def _blame(plan: Plan, place: Place, memory: commonplace.Memory) -> Row:
    """The time for a line of a block, over that of one with half the lines."""
    task = memory.create_task("blamed")
    sizes = {"long": plan.names, "short": max(1, plan.names // _SHORTER)}
    contest: dict[str, Callable[[], float]] = {}
    for name, lines in sizes.items():
        block = task.create_block(name)
        for number in range(lines):
            block.append(f"Line {number} of a block that many writes made.")
        contest[f"{lines:,} lines, us a line"] = partial(_a_line_us, block, lines)
    results = interleave(plan.rounds, contest)
    value, spread = ratio(*results.values())
    what = (
        f"{place.said}blame of a block of {plan.names:,} lines by as many writes, a line, over "
        "half of it"
    )
    return Row(f"{place.tag}blame", what, value, "x", _AIM_BLAME, False, spread, medians(results))


def _a_line_us(block: commonplace.Block, lines: int) -> float:
    begun = time.perf_counter()
    found = block.blame()
    took = time.perf_counter() - begun
    assert len(found) == lines
    return took / lines * 1e6
