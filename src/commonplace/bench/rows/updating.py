"""Updating: processes that each read, think and write one entry, first come, first served."""

import time
from collections.abc import Callable, Generator

import commonplace
from commonplace.bench import crowd
from commonplace.bench.measure import quantile
from commonplace.bench.place import Place, files
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK

PROCESSES = 8
AIM_FACTOR = 2.0
_PATIENCE_S = 120.0


def rows(plan: Plan) -> list[Row]:
    """The wait of an `update` from call to return, and that of a compare-and-set loop."""
    return rows_at(plan, files(plan.folder, plan.history))


def rows_at(plan: Plan, place: Place) -> list[Row]:
    """The same, wherever the memories lie."""
    queued = _waits_ms(plan, _update_worker, place.address("updates"))
    looped = _waits_ms(plan, _loop_worker, place.address("loops"))
    aim_ms = AIM_FACTOR * PROCESSES * plan.thought_s * 1e3
    parts: dict[str, float] = {}
    for name, waits in (("update()", queued), ("compare-and-set loop", looped)):
        parts |= {
            f"{name} p50, ms": quantile(waits, 0.5),
            f"{name} p99, ms": quantile(waits, 0.99),
            f"{name} max, ms": max(waits),
        }
    what = (
        f"{place.said}{PROCESSES} processes, {plan.updates} update()s each on one entry, "
        f"{plan.thought_s * 1e3:g} ms of thought: p99 wait"
    )
    note = "a wait is the whole call, with its own thought; the loop beside it retries at once"
    name = f"{place.tag}update-wait"
    return [Row(name, what, quantile(queued, 0.99), "ms", aim_ms, False, None, parts, note)]


def _waits_ms(plan: Plan, worker: crowd.Worker, address: str) -> list[float]:
    with commonplace.Memory(address, actor="bench", deadline_s=_PATIENCE_S) as memory:
        memory.create_task(TASK).create_block("text").append("begun")
    jobs = [(worker, (address, plan.updates, plan.thought_s)) for _ in range(PROCESSES)]
    waits: list[float] = [wait for each in crowd.run(jobs) for wait in each]
    with commonplace.Memory(address, actor="bench", create=False) as memory:
        lines = memory.task(TASK).block("text").read().lines
    if len(lines) != 1 + PROCESSES * plan.updates:
        raise AssertionError(f"{len(lines) - 1} of {len(waits)} updates are there")
    return waits


def _update_worker(
    address: str, updates: int, thought_s: float
) -> Generator[None, None, list[float]]:
    def think(text: str) -> str:
        time.sleep(thought_s)
        return f"{text}\nand then"

    with commonplace.Memory(address, actor="bench", deadline_s=_PATIENCE_S) as memory:
        block = memory.task(TASK).block("text")
        yield
        return [_timed_ms(lambda: block.update(think)) for _ in range(updates)]


def _loop_worker(
    address: str, updates: int, thought_s: float
) -> Generator[None, None, list[float]]:
    with commonplace.Memory(address, actor="bench", deadline_s=_PATIENCE_S) as memory:
        block = memory.task(TASK).block("text")

        def update() -> None:
            while True:
                entry = block.read()
                time.sleep(thought_s)
                try:
                    block.rewrite(f"{entry.text}\nand then", expect=entry.version)
                except commonplace.VersionConflict:
                    continue
                return

        yield
        return [_timed_ms(update) for _ in range(updates)]


def _timed_ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e3
