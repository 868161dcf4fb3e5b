"""Agents: durable writes of many agents in one process, against SqliteStore."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

import commonplace
from commonplace.bench import peer
from commonplace.bench.measure import interleave, medians, per_second, ratio, tasks_per_second
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row

TEXT = "Churn fell 12% in Q3, says page 17 of the quarterly report; two regions rose."
TASK = "bench"
AIMS = {8: 10.0, 64: 20.0}
_APPEND_ROOM = 10_000
"""Appends to one shared block before another is begun, so that none outgrows its limit."""


def rows(plan: Plan) -> list[Row]:
    """One row for each number of agents, and the same by appends to one block."""
    found = []
    with commonplace.Memory(plan.folder / "agents.db", actor="bench") as memory:
        memory.create_task(TASK)
        for agents, aim in AIMS.items():
            found += _rows(plan, memory, agents, aim)
    return found


def _rows(plan: Plan, memory: commonplace.Memory, agents: int, aim: float) -> list[Row]:
    own = [rewriter(memory, f"own-{agents}-{number}") for number in range(agents)]
    shared = appender(memory, f"shared-{agents}")
    address = str(plan.folder / "agents.db")
    contest: dict[str, Callable[[], float]] = {
        "threads": lambda: per_second(own, plan.seconds),
        "tasks": lambda: asyncio.run(rewrites_per_second(address, agents, plan.seconds)),
        "appends": lambda: per_second([shared] * agents, plan.seconds),
    }
    if not peer.is_installed():
        return _ratios(agents, aim, interleave(plan.rounds, contest), "")
    durable, plain = plan.folder / f"peer-{agents}.db", plan.folder / f"plain-{agents}.db"
    with peer.opened(durable) as store, peer.opened(plain, as_it_comes=True) as stock:
        contest["peer"] = lambda: per_second(_putters(store, agents), plan.seconds)
        contest["stock"] = lambda: per_second(_putters(stock, agents), plan.seconds)
        return _ratios(agents, aim, interleave(plan.rounds, contest), peer.settings(plain))


def _ratios(agents: int, aim: float, results: dict[str, list[float]], stock: str) -> list[Row]:
    """Over the peer made durable, and over the peer as it comes, whose settings are `stock`."""
    named = {
        "threads": "compare-and-set, threads, /s",
        "tasks": "compare-and-set, asyncio tasks, /s",
        "appends": "appends to one block, threads, /s",
        "peer": "SqliteStore.put, /s",
        "stock": "SqliteStore.put as it comes, /s",
    }
    middle = medians(results)
    parts = {named[name]: value for name, value in middle.items()}
    what = f"durable writes, {agents} agents in one process, over SqliteStore"
    if "peer" not in middle:
        note = f"not measured: pip install 'commonplace[{peer.EXTRA}]'"
        return [Row(f"agents-{agents}", what, None, "x", aim, True, None, parts, note)]
    best = "threads" if middle["threads"] >= middle["tasks"] else "tasks"
    value, spread = ratio(results[best], results["peer"])
    over_stock, stock_spread = ratio(results[best], results["stock"])
    stock_part = {named["stock"]: parts.pop(named["stock"])}
    return [
        Row(f"agents-{agents}", f"{what} with journal_mode=wal, synchronous=2",
            value, "x", aim, True, spread, parts, f"agents as {best}"),
        Row(f"agents-{agents}-stock", f"the same, over SqliteStore as it comes ({stock})",
            over_stock, "x", aim, True, stock_spread, stock_part),
    ]  # fmt: skip


def rewriter(memory: commonplace.Memory, name: str) -> Callable[[], object]:
    """An agent that replaces its own text again and again, by compare-and-set."""
    block = memory.task(TASK).create_block(name)
    version = 0

    def write() -> None:
        nonlocal version
        version = block.rewrite(TEXT, expect=version).version

    return write


def appender(memory: commonplace.Memory, name: str) -> Callable[[], object]:
    """An agent that adds a line to a block that all the others write as well."""
    task = memory.task(TASK)
    numbers = count()
    blocks = {0: task.create_block(name)}

    def write() -> None:
        number = next(numbers)
        part = number // _APPEND_ROOM
        if number % _APPEND_ROOM == _APPEND_ROOM // 2:
            blocks[part + 1] = task.create_block(f"{name}-{part + 1}")
        blocks.get(part, blocks[max(blocks)]).append(TEXT)

    return write


async def rewrites_per_second(address: str, agents: int, seconds: float) -> float:
    """Compare-and-set replacements by tasks of one loop, each of its own text."""
    async with commonplace.AsyncMemory(address, actor="bench") as memory:
        task = memory.task(TASK)
        blocks = [await task.create_block(f"task-{agents}-{n}") for n in range(agents)]
        return await tasks_per_second([await _task(block) for block in blocks], seconds)


async def _task(block: commonplace.AsyncBlock) -> Callable[[], Awaitable[object]]:
    version = (await block.read()).version

    async def write() -> None:
        nonlocal version
        version = (await block.rewrite(TEXT, expect=version)).version

    return write


def _putters(store: Any, agents: int) -> list[Callable[[], object]]:
    return [
        partial(store.put, ("task", TASK), f"own-{number}", {"text": TEXT})
        for number in range(agents)
    ]
