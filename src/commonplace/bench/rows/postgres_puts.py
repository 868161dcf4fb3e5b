"""Puts on PostgreSQL: durable writes of 64 agents, each its own entry, against LangGraph's stores.

Ours are compare-and-set, with version, audit record and chain; theirs are blind. What blind puts
cost is counted beside it: increments by several workers, and how many are there in the end.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import count

import commonplace
from commonplace.bench import peer_postgres as peer
from commonplace.bench import scratchpad
from commonplace.bench.measure import interleave, medians, per_second, ratio, tasks_per_second
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT, rewriter, rewrites_per_second
from commonplace.bench.server import SAID, TAG, Server

AGENTS = 64
WORKERS = 8
_AIM = 1.0
_INCREMENTS_AN_UPDATE = 4
_PATIENCE_S = 120.0


def rows(plan: Plan, server: Server) -> list[Row]:
    """Rates over those of both stores, and what is kept of increments."""
    ours = server.database("puts")
    with commonplace.Memory(ours, actor="bench") as memory:
        memory.create_task(TASK)
        own = [rewriter(memory, f"own-{number}") for number in range(AGENTS)]
        contest: dict[str, Callable[[], float]] = {
            "threads": lambda: per_second(own, plan.seconds),
            "tasks": lambda: asyncio.run(rewrites_per_second(ours, AGENTS, plan.seconds)),
        }
        if not peer.is_installed():
            results = interleave(plan.rounds, contest)
            return [_unmeasured(results)]
        theirs = server.database("store")
        with peer.opened(theirs) as one, peer.opened(theirs, pooled=True) as pooled:
            contest |= {
                "async store": lambda: asyncio.run(
                    peer.puts_per_second(
                        theirs, AGENTS, TEXT, lambda puts: tasks_per_second(puts, plan.seconds)
                    )
                ),
                "store": lambda: per_second(peer.putters(one, AGENTS, TEXT), plan.seconds),
                "pool": lambda: per_second(peer.putters(pooled, AGENTS, TEXT), plan.seconds),
            }
            results = interleave(plan.rounds, contest)
    return [*_rates(results), _kept(plan, server)]


_NAMED = {
    "threads": "compare-and-set, threads, /s",
    "tasks": "compare-and-set, asyncio tasks, /s",
    "async store": "AsyncPostgresStore.aput, asyncio tasks, /s",
    "store": "PostgresStore.put, threads, one connection, /s",
    "pool": f"PostgresStore.put, threads, a pool of {peer.POOLED}, /s",
}
_WHAT = f"{SAID}durable compare-and-set of {AGENTS} agents in one process"


def _unmeasured(results: dict[str, list[float]]) -> Row:
    parts = {_NAMED[name]: value for name, value in medians(results).items()}
    note = f"not measured: pip install 'commonplace[{peer.EXTRA}]'"
    return Row(f"{TAG}puts-async", _WHAT, None, "x", _AIM, True, None, parts, note)


def _rates(results: dict[str, list[float]]) -> list[Row]:
    middle = medians(results)
    threads = "store" if middle["store"] >= middle["pool"] else "pool"
    tasks, spread = ratio(results["tasks"], results["async store"])
    sync, sync_spread = ratio(results["threads"], results[threads])
    return [
        Row(f"{TAG}puts-async", f"{_WHAT} as tasks, over blind puts to AsyncPostgresStore",
            tasks, "x", _AIM, True, spread,
            {_NAMED[name]: middle[name] for name in ("tasks", "async store")}),
        Row(f"{TAG}puts", "the same, as threads, over blind puts to PostgresStore",
            sync, "x", _AIM, True, sync_spread,
            {_NAMED[name]: middle[name] for name in ("threads", "store", "pool")},
            "over the quicker of its two"),
    ]  # fmt: skip


# --- what is kept ---------------------------------------------------------------------------------


def _kept(plan: Plan, server: Server) -> Row:
    each = _INCREMENTS_AN_UPDATE * plan.updates
    total = WORKERS * each
    theirs = server.database("sums")
    with peer.opened(theirs, pooled=True) as store:
        _times(partial(peer.increment, store), each)
        stored = peer.summed(store)
    kept = {
        "update()": _updated(server.database("updates_kept"), each),
        "scratchpad": _locked(server.database("scratchpad_kept"), each),
        "PostgresStore by get and put": stored,
        "AsyncPostgresStore by get and put": asyncio.run(
            peer.increments_kept(server.database("async_sums"), WORKERS, each)
        ),
    }
    return Row(
        f"{TAG}kept",
        f"{SAID}{total:,} increments of a number by {WORKERS} workers at once: share that is kept",
        kept["update()"] / total,
        "share",
        1.0,
        True,
        None,
        {f"kept by {name}, of {total}": float(n) for name, n in kept.items()},
    )


def _times(call: Callable[[], object], each: int) -> None:
    """Eight threads call it so many times each."""

    def run(_: int) -> None:
        for _ in range(each):
            call()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(run, range(WORKERS)))


def _updated(address: str, each: int) -> int:
    with commonplace.Memory(address, actor="bench", deadline_s=_PATIENCE_S) as memory:
        block = memory.create_task(TASK).create_block("sum")
        block.append("0")
        _times(lambda: block.update(_incremented), each)
        return int(block.read().text)


def _locked(address: str, each: int) -> int:
    scratchpad.begin(address, "sum")
    pads, mine = count(), threading.local()
    with ExitStack() as stack:

        def increment() -> None:
            if not hasattr(mine, "pad"):
                pad = scratchpad.Scratchpad(address, "sum", f"agent-{next(pads)}")
                mine.pad = stack.enter_context(pad)
            mine.pad.update(_incremented)

        _times(increment, each)
    return int(scratchpad.read(address, "sum")[1])


def _incremented(text: str) -> str:
    return str(int(text or 0) + 1)
