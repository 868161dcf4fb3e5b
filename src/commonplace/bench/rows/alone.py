"""Alone: one writer and one reader with nobody else about, against bare SQLite."""

from itertools import count

import commonplace
from commonplace.bench.bare import BareMemory, Cells
from commonplace.bench.measure import interleave, mean_us, median_us, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT

_SHARES = 10
"""A round is cut into so many pieces, so that a disturbance hits all contestants alike."""


def rows(plan: Plan) -> list[Row]:
    """A lone write against the same rows written bare; a point read against a bare SELECT."""
    with commonplace.Memory(plan.folder / "alone.db", actor="bench") as memory:
        block = memory.create_task(TASK).create_block("text")
        block.rewrite(TEXT, expect=block.rewrite(TEXT).version)
    bare = BareMemory(
        plan.folder / "alone.db", plan.folder / "alone-bare.db", "default",
        (f"task/{TASK}", "text", ""),
    )  # fmt: skip
    cells = Cells(plan.folder / "cells.db")
    try:
        with commonplace.Memory(plan.folder / "alone.db", actor="bench") as memory:
            block = memory.task(TASK).block("text")
            return [_writes(plan, block, bare, cells), *_reads(plan, block, bare, cells)]
    finally:
        bare.close()
        cells.close()


def _writes(plan: Plan, block: commonplace.Block, bare: BareMemory, cells: Cells) -> Row:
    version, names = block.read().version, count()
    size = max(1, plan.writes // _SHARES)

    def write(_: int) -> None:
        nonlocal version
        version = block.rewrite(TEXT, expect=version).version

    def write_bare() -> float:
        batches = [bare.next_rows() for _ in range(size)]
        return median_us(lambda number: bare.write(batches[number]), size)

    results = interleave(
        plan.rounds * _SHARES,
        {
            "commonplace, us": lambda: median_us(write, size),
            "the same rows bare, us": write_bare,
            "one bare INSERT, us": lambda: median_us(
                lambda _: cells.insert(f"w{next(names):09d}", TEXT), size
            ),
        },
    )
    ours, same, one = results.values()
    value, spread = ratio(ours, same)
    over_one, _ = ratio(ours, one)
    return Row(
        "lone-writer", "lone durable write, over the same rows written bare",
        value, "x", 1.3, False, spread, medians(results), f"over one bare INSERT {over_one:.2f}x",
    )  # fmt: skip


def _reads(plan: Plan, block: commonplace.Block, bare: BareMemory, cells: Cells) -> list[Row]:
    cells.insert("read", TEXT)
    size = max(1, plan.reads // _SHARES)
    results = interleave(
        plan.rounds * _SHARES,
        {
            "commonplace, us": lambda: mean_us(lambda _: block.read(), size),
            "the same SELECT bare, us": lambda: mean_us(lambda _: bare.read(), size),
            "one cell by a bare SELECT, us": lambda: mean_us(lambda _: cells.select("read"), size),
        },
    )
    ours, same, one = results.values()
    value, spread = ratio(ours, same)
    over_one, _ = ratio(ours, one)
    return [
        Row("point-read", "point read, over the same SELECT prepared and bare",
            value, "x", 2.0, False, spread, medians(results),
            f"over a bare SELECT of one cell {over_one:.1f}x"),
    ]  # fmt: skip
