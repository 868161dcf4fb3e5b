"""Alone: one writer and one reader with nobody else about, against bare SQLite."""

from itertools import count
from pathlib import Path

import commonplace
from commonplace.bench.bare import BareMemory, Cells
from commonplace.bench.measure import in_pieces, mean_us, median_us, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT

_WRITES_A_PIECE = 5
_READS_A_PIECE = 25
_OTHERS = 500
"""Blocks read in turn, more than a reader remembers, to see a read of what was not read before."""


def rows(plan: Plan) -> list[Row]:
    """A lone write against the same rows written bare; a point read against a bare SELECT."""
    path = plan.folder / "alone.db"
    with commonplace.Memory(path, actor="bench") as memory:
        block = memory.create_task(TASK).create_block("text")
        block.rewrite(TEXT, expect=block.rewrite(TEXT).version)
    entry = (f"task/{TASK}", "text", "")
    bare = BareMemory(path, plan.folder / "alone-bare.db", "default", entry)
    cells = Cells(plan.folder / "cells.db")
    try:
        return [_writes(plan, path, bare, cells), *_reads(plan, path, bare, cells)]
    finally:
        bare.close()
        cells.close()


def _writes(plan: Plan, path: Path, bare: BareMemory, cells: Cells) -> Row:
    with commonplace.Memory(path, actor="bench") as memory:
        block, names = memory.task(TASK).block("text"), count()
        version, size = block.read().version, _WRITES_A_PIECE

        def write(_: int) -> None:
            nonlocal version
            version = block.rewrite(TEXT, expect=version).version

        def write_bare() -> float:
            batches = [bare.next_rows() for _ in range(size)]
            return median_us(lambda number: bare.write(batches[number]), size)

        def insert(_: int) -> None:
            cells.insert(f"w{next(names):09d}", TEXT)

        contest = {
            "commonplace, us": lambda: median_us(write, size),
            "the same rows bare, us": write_bare,
            "one bare INSERT, us": lambda: median_us(insert, size),
        }
        results = in_pieces(plan.rounds, max(1, plan.writes // size), contest)
    ours, same, one = results.values()
    value, spread = ratio(ours, same)
    over_one, _ = ratio(ours, one)
    what = "lone durable write, over the same rows written bare"
    note = f"over one bare INSERT {over_one:.2f}x"
    return Row("lone-writer", what, value, "x", 1.3, False, spread, medians(results), note)


def _reads(plan: Plan, path: Path, bare: BareMemory, cells: Cells) -> list[Row]:
    cells.insert("read", TEXT)
    with commonplace.Memory(path, actor="bench") as memory:
        task, size = memory.task(TASK), _READS_A_PIECE
        block = task.block("text")
        others = [task.create_block(f"other-{number}") for number in range(_OTHERS)]
        with memory.atomic():
            for other in others[: _OTHERS // 2]:
                other.append(TEXT)
        with memory.atomic():
            for other in others[_OTHERS // 2 :]:
                other.append(TEXT)
        numbers = count()
        contest = {
            "commonplace, us": lambda: mean_us(lambda _: block.read(), size),
            "the entry by a bare SELECT, us": lambda: mean_us(lambda _: bare.read(), size),
            "commonplace, another entry each time, us": lambda: mean_us(
                lambda _: others[next(numbers) % _OTHERS].read(), size
            ),
            "one cell by a bare SELECT, us": lambda: mean_us(lambda _: cells.select("read"), size),
        }
        results = in_pieces(plan.rounds, max(1, plan.reads // size), contest)
    ours, same, others_read, one = results.values()
    value, spread = ratio(ours, same)
    first, first_spread = ratio(others_read, same)
    over_one, _ = ratio(ours, one)
    what = "read of a text read before, over a bare prepared SELECT of the entry"
    note = f"over a bare SELECT of one cell {over_one:.1f}x"
    return [
        Row("point-read", what, value, "x", 2.0, False, spread, medians(results), note),
        Row("point-read-first", "the same, of a text this reader does not remember",
            first, "x", 2.0, False, first_spread),
    ]  # fmt: skip
