"""Agents on PostgreSQL: 64 of them append to one hot text, in one process and in many."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack
from functools import partial
from itertools import count

import commonplace
from commonplace.bench import crowd, scratchpad
from commonplace.bench.measure import interleave, medians, per_second, ratio, tasks_per_second
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT
from commonplace.bench.server import SAID, TAG, Server

AGENTS = 64
AIMS = {1: 20.0, 8: 1.0, 64: 1.0}
_HOT = "hot"
_ROOM = 1_000
"""Appends to one text before a process goes on to another: five times what a scratchpad holds."""
_WARM = 6
"""Appends of each connection before the clock: statements are parsed and planned once for each."""


def rows(plan: Plan, server: Server) -> list[Row]:
    """One row for each number of processes among which the agents are spread."""
    ours, theirs = server.database("hot"), server.database("scratchpad")
    with commonplace.Memory(ours, actor="bench") as memory:
        memory.create_task(TASK)
    names = count()
    contests: dict[int, dict[str, Callable[[], float]]] = {
        1: {
            "commonplace, threads": lambda: _threads(ours, next(names), plan.seconds),
            "commonplace, asyncio tasks": lambda: asyncio.run(
                _tasks(ours, next(names), plan.seconds)
            ),
            "scratchpad": lambda: _scratchpads(theirs, next(names), plan.seconds),
        }
    }
    for processes in list(AIMS)[1:]:
        many = partial(_spread, plan.seconds, processes)
        contests[processes] = {
            "commonplace": partial(many, _memory_worker, ours, names),
            "scratchpad": partial(many, _scratchpad_worker, theirs, names),
        }
    return [_row(plan, processes, contest) for processes, contest in contests.items()]


def _row(plan: Plan, processes: int, contest: dict[str, Callable[[], float]]) -> Row:
    results = interleave(plan.rounds, contest)
    middle = medians(results)
    best = max((name for name in middle if name != "scratchpad"), key=lambda name: middle[name])
    value, spread = ratio(results[best], results["scratchpad"])
    where = "one process" if processes == 1 else f"{processes} processes"
    return Row(
        f"{TAG}hot-{processes}",
        f"{SAID}{AGENTS} agents in {where} append to one block, over a scratchpad (row lock, "
        "audit row)",
        value,
        "x",
        AIMS[processes],
        True,
        spread,
        {f"{name}, /s": each for name, each in middle.items()},
        f"a scratchpad is begun anew at {scratchpad.MOST_LINES} lines" if processes == 1 else "",
    )


# --- ours -----------------------------------------------------------------------------------------


class _Hot:
    """The block that all append to; a full one is followed by another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = count()

    def next(self) -> str:
        """Where the next line goes."""
        part = next(self._numbers) // _ROOM
        return f"{self._name}-{part}"


def _threads(address: str, number: int, seconds: float) -> float:
    with commonplace.Memory(address, actor="bench") as memory:
        return per_second(_appenders(memory, number, AGENTS), seconds)


def _appenders(memory: commonplace.Memory, number: int, agents: int) -> list[Callable[[], object]]:
    task, hot = memory.task(TASK), _Hot(f"{_HOT}-{number}")
    blocks = {f"{_HOT}-{number}-0": task.create_block(f"{_HOT}-{number}-0")}
    making = threading.Lock()

    def append() -> None:
        name = hot.next()
        if name not in blocks:
            with making:
                blocks[name] = blocks.get(name) or task.create_block(name)
        blocks[name].append(TEXT)

    return [append] * agents


async def _tasks(address: str, number: int, seconds: float) -> float:
    async with commonplace.AsyncMemory(address, actor="bench") as memory:
        task, hot = memory.task(TASK), _Hot(f"{_HOT}-{number}")
        blocks = {f"{_HOT}-{number}-0": await task.create_block(f"{_HOT}-{number}-0")}

        async def append() -> None:
            name = hot.next()
            if name not in blocks:
                blocks[name] = await task.create_block(name)
            await blocks[name].append(TEXT)

        agents: list[Callable[[], Awaitable[object]]] = [append] * AGENTS
        return await tasks_per_second(agents, seconds)


def _memory_worker(
    address: str, number: int, agents: int, seconds: float
) -> Generator[None, None, float]:
    with commonplace.Memory(address, actor="bench") as memory:
        appenders = _appenders(memory, number, agents)
        _warm(appenders[0])
        yield
        return per_second(appenders, seconds)


# --- theirs ---------------------------------------------------------------------------------------


def _scratchpads(address: str, number: int, seconds: float) -> float:
    worker = _scratchpad_worker(address, number, AGENTS, seconds)
    next(worker)
    try:
        next(worker)
    except StopIteration as stop:
        return float(stop.value)
    raise AssertionError("a worker yields once")


def _scratchpad_worker(
    address: str, number: int, agents: int, seconds: float
) -> Generator[None, None, float]:
    name = f"{_HOT}-{number}"
    scratchpad.begin(address, name)
    with ExitStack() as stack:
        pads = [
            stack.enter_context(scratchpad.Scratchpad(address, name, f"agent-{agent}"))
            for agent in range(agents)
        ]
        appenders = [partial(pad.append, TEXT) for pad in pads]
        for append in appenders:
            _warm(append)
        yield
        return per_second(appenders, seconds)


def _warm(append: Callable[[], object]) -> None:
    for _ in range(_WARM):
        append()


def _spread(
    seconds: float, processes: int, worker: crowd.Worker, address: str, names: "count[int]"
) -> float:
    """All processes together."""
    job = (worker, (address, next(names), AGENTS // processes, seconds))
    rates: list[float] = crowd.run([job] * processes)
    return sum(rates)
