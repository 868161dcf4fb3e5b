"""Sharing: processes that write one file at once; who gets how much, and who waits how long."""

import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import commonplace
from commonplace.bench import bare, crowd, peer
from commonplace.bench.measure import medians
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT

PROCESSES = 4


class Ran(NamedTuple):
    """What one process did: writes that landed, and its longest wait for one."""

    writes: int
    worst_ms: float


def rows(plan: Plan) -> list[Row]:
    """The slowest process's share of a fair part, and the longest wait of any."""
    contest: dict[str, Callable[[], list[Ran]]] = {
        "commonplace": partial(_memory_round, plan),
        "bare apsw": partial(_bare_round, plan),
    }
    if peer.is_installed():
        contest["SqliteStore"] = partial(_peer_round, plan)
    shares: dict[str, list[float]] = {name: [] for name in contest}
    waits: dict[str, list[float]] = {name: [] for name in contest}
    rates: dict[str, list[float]] = {name: [] for name in contest}
    for _ in range(plan.rounds):
        for name, play in contest.items():
            ran = play()
            total = sum(each.writes for each in ran)
            shares[name].append(min(each.writes for each in ran) * len(ran) / total)
            waits[name].append(max(each.worst_ms for each in ran))
            rates[name].append(total / plan.seconds)
    return [
        Row("share", f"{PROCESSES} processes on one file: slowest share of a fair part",
            medians(shares)["commonplace"], "share", 0.9, True, _spread(shares["commonplace"]),
            {f"{name}, share": value for name, value in medians(shares).items()}
            | {f"{name}, writes/s": value for name, value in medians(rates).items()}),
        Row("worst-wait", f"{PROCESSES} processes on one file: worst wait for one write",
            medians(waits)["commonplace"], "ms", 50.0, False, _spread(waits["commonplace"]),
            {f"{name}, ms": value for name, value in medians(waits).items()},
            "the worst write of a round, the median over the rounds"),
    ]  # fmt: skip


def _spread(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def _memory_round(plan: Plan) -> list[Ran]:
    path = plan.folder / "sharing.db"
    with commonplace.Memory(path, actor="bench") as memory:
        memory.create_task(TASK)
    return crowd.run([(_memory_worker, (path, n, plan.seconds)) for n in range(PROCESSES)])


def _bare_round(plan: Plan) -> list[Ran]:
    path = plan.folder / "sharing-bare.db"
    bare.Cells(path).close()
    begun = time.time_ns()
    return crowd.run([(cells_worker, (path, n, begun, plan.seconds)) for n in range(PROCESSES)])


def _peer_round(plan: Plan) -> list[Ran]:
    path = plan.folder / "sharing-peer.db"
    with peer.opened(path):
        pass
    return crowd.run([(_peer_worker, (path, n, plan.seconds)) for n in range(PROCESSES)])


def _memory_worker(path: Path, number: int, seconds: float) -> Generator[None, None, Ran]:
    with commonplace.Memory(path, actor="bench") as memory:
        block = memory.task(TASK).create_block(f"own-{number}")
        version = block.read().version

        def write(_: int) -> None:
            nonlocal version
            version = block.rewrite(TEXT, expect=version).version

        yield
        return _for_a_while(write, seconds)


def cells_worker(path: Path, number: int, run: int, seconds: float) -> Generator[None, None, Ran]:
    """Inserts one row after the other; `run` and `number` keep its names apart from others'."""
    cells = bare.Cells(path)
    yield
    ran = _for_a_while(lambda n: cells.insert(f"{run}-{number}-{n:09d}", TEXT), seconds)
    cells.close()
    return ran


def _peer_worker(path: Path, number: int, seconds: float) -> Generator[None, None, Ran]:
    with peer.opened(path) as store:
        yield
        put = partial(store.put, ("task", TASK), f"own-{number}", {"text": TEXT})
        return _for_a_while(lambda _: put(), seconds)


def _for_a_while(write: Callable[[int], object], seconds: float) -> Ran:
    clock = time.perf_counter
    begun = now = clock()
    until, worst, done = begun + seconds, 0.0, 0
    while now < until:
        write(done)
        last, now = now, clock()
        worst = max(worst, now - last)
        done += 1
    return Ran(done, worst * 1e3)
