"""Peers on PostgreSQL: LangGraph's PostgresStore and AsyncPostgresStore, opened as documented.

Both put blindly: the last writer wins. The async one collects what its tasks put at the same
moment into one statement.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

from commonplace._lazy import lazy_import

EXTRA: Final = "bench"
POOLED: Final = 64
_SPACE: Final = ("task", "bench")


def is_installed() -> bool:
    """Whether the extra is there."""
    try:
        lazy_import("langgraph.store.postgres", EXTRA)
    except ModuleNotFoundError:
        return False
    return True


@contextmanager
def opened(address: str, *, pooled: bool = False) -> Iterator[Any]:
    """A PostgresStore with one connection, as its own example has it, or with a pool of them."""
    store_of = lazy_import("langgraph.store.postgres", EXTRA).PostgresStore.from_conn_string
    pool = {"min_size": POOLED, "max_size": POOLED} if pooled else None
    with store_of(address, pool_config=pool) as store:
        store.setup()
        yield store


@asynccontextmanager
async def opened_async(address: str) -> AsyncIterator[Any]:
    """An AsyncPostgresStore, as its own example has it."""
    store_of = lazy_import("langgraph.store.postgres", EXTRA).AsyncPostgresStore.from_conn_string
    async with store_of(address) as store:
        await store.setup()
        yield store


def putters(store: Any, agents: int, text: str) -> list[Callable[[], object]]:
    """Agents that each put their own entry."""
    return [partial(store.put, _SPACE, f"own-{n}", {"text": text}) for n in range(agents)]


async def puts_per_second(
    address: str, agents: int, text: str, timed: Callable[[list[Any]], Any]
) -> float:
    """Puts of tasks that each put their own entry; `timed` runs them."""
    async with opened_async(address) as store:

        def putter(number: int) -> Any:
            return partial(store.aput, _SPACE, f"own-{number}", {"text": text})

        rate: float = await timed([putter(number) for number in range(agents)])
        return rate


def increment(store: Any) -> None:
    """Read a number, add one, put it back: what most crews do."""
    item = store.get(_SPACE, "sum")
    store.put(_SPACE, "sum", {"sum": (item.value["sum"] if item else 0) + 1})


def summed(store: Any) -> int:
    """What became of the number."""
    return int(store.get(_SPACE, "sum").value["sum"])


async def increments_kept(address: str, workers: int, each: int) -> int:
    """The same by tasks: what became of the number when each added one so many times."""
    async with opened_async(address) as store:

        async def work() -> None:
            for _ in range(each):
                item = await store.aget(_SPACE, "sum")
                now = item.value["sum"] if item else 0
                await store.aput(_SPACE, "sum", {"sum": now + 1})

        await asyncio.gather(*(work() for _ in range(workers)))
        item = await store.aget(_SPACE, "sum")
        return int(item.value["sum"])
