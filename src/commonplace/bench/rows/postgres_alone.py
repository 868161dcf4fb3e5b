"""Alone on PostgreSQL: one writer and one reader with nobody else about, against bare psycopg."""

import asyncio
from collections.abc import Callable
from itertools import count

import commonplace
from commonplace.bench.bare_postgres import BarePostgres
from commonplace.bench.measure import in_pieces, mean_us, median_us, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT, rewriter
from commonplace.bench.server import SAID, TAG, Server

_WRITES_A_PIECE = 5
_READS_A_PIECE = 25
_READS_SHARE = 4
"""Of the plan's reads: each takes a round trip here."""
_OTHERS = 500
"""Blocks read in turn, more than a reader remembers, to see a read of what was not read before."""
_HALF = _OTHERS // 2


def rows(plan: Plan, server: Server) -> list[Row]:
    """A lone write against the same rows written bare; a point read against a bare SELECT."""
    address = server.database("alone")
    begin(address)
    bare = BarePostgres(server.database("alone-bare", address), "default", ENTRY)
    try:
        return [_writes(plan, address, bare), *_reads(plan, address, bare)]
    finally:
        bare.close()


ENTRY = (f"task/{TASK}", "text", "")
"""Where the last commit of `begin` wrote."""


def begin(address: str) -> None:
    """A memory whose last commit replaced a text, as all that are measured here do."""
    with commonplace.Memory(address, actor="bench") as memory:
        block = memory.create_task(TASK).create_block("text")
        block.rewrite(TEXT, expect=block.rewrite(TEXT).version)


def _writes(plan: Plan, address: str, bare: BarePostgres) -> Row:
    with commonplace.Memory(address, actor="bench") as memory:
        write, names, size = rewriter(memory, "alone"), count(), _WRITES_A_PIECE

        def write_bare() -> float:
            batches = [bare.next_rows() for _ in range(size)]
            return median_us(lambda number: bare.write(batches[number]), size)

        contest = {
            "commonplace, us": lambda: median_us(lambda _: write(), size),
            "the same rows bare, us": write_bare,
            "one bare INSERT, us": lambda: median_us(
                lambda _: bare.insert(f"w{next(names):09d}", TEXT), size
            ),
        }
        results = in_pieces(plan.rounds, max(1, plan.writes // size), contest)
    ours, same, one = results.values()
    value, spread = ratio(ours, same)
    over_one, _ = ratio(ours, one)
    what = f"{SAID}lone durable write, over the same rows written bare (pipelined, prepared)"
    note = f"over one bare INSERT {over_one:.2f}x"
    return Row(f"{TAG}lone-writer", what, value, "x", 1.3, False, spread, medians(results), note)


def _reads(plan: Plan, address: str, bare: BarePostgres) -> list[Row]:
    bare.insert("read", TEXT)
    with commonplace.Memory(address, actor="bench") as memory, asyncio.Runner() as runner:
        task, size, numbers = memory.task(TASK), _READS_A_PIECE, count()
        block = task.block("text")
        others = [task.create_block(f"other-{number}") for number in range(_OTHERS)]
        for part in (others[:_HALF], others[_HALF:]):
            with memory.atomic():
                for other in part:
                    other.append(TEXT)
        again = commonplace.AsyncMemory(address, actor="bench")
        runner.run(again.__aenter__())
        try:
            contest: dict[str, Callable[[], float]] = {
                "commonplace, us": lambda: mean_us(lambda _: block.read(), size),
                "the entry by a bare BEGIN, set_config, SELECT and COMMIT, us": lambda: mean_us(
                    lambda _: bare.read(), size
                ),
                "commonplace, another entry each time, us": lambda: mean_us(
                    lambda _: others[next(numbers) % _OTHERS].read(), size
                ),
                "commonplace from an event loop, us": lambda: runner.run(
                    _read_async_us(again.task(TASK).block("text"), size)
                ),
                "one cell by a bare SELECT, us": lambda: mean_us(
                    lambda _: bare.select("read"), size
                ),
            }
            pieces = max(1, plan.reads // _READS_SHARE // size)
            return _ratios(in_pieces(plan.rounds, pieces, contest))
        finally:
            runner.run(again.close())


async def _read_async_us(block: commonplace.AsyncBlock, reads: int) -> float:
    begun = asyncio.get_running_loop().time()
    for _ in range(reads):
        await block.read()
    return (asyncio.get_running_loop().time() - begun) / reads * 1e6


def _ratios(results: dict[str, list[float]]) -> list[Row]:
    ours, same, others, from_loop, one = results.values()
    value, spread = ratio(ours, same)
    first, first_spread = ratio(others, same)
    hopped, _ = ratio(from_loop, same)
    over_one, _ = ratio(ours, one)
    what = (
        f"{SAID}read of a text read before, over a bare pipelined BEGIN, set_config and SELECT "
        "of the entry"
    )
    note = f"from an event loop {hopped:.2f}x; over a bare SELECT of one cell {over_one:.2f}x"
    return [
        Row(f"{TAG}point-read", what, value, "x", 1.2, False, spread, medians(results), note),
        Row(f"{TAG}point-read-first", "the same, of a text this reader does not remember",
            first, "x", 1.2, False, first_spread),
    ]  # fmt: skip
