"""Listing: the namespaces of a large memory, against SqliteStore."""

from typing import Any

import commonplace
from commonplace import limits
from commonplace._lazy import lazy_import
from commonplace.bench import peer
from commonplace.bench.measure import in_pieces, mean_us, medians, ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TEXT

_PER_NAMESPACE = 100
_PIECES = 10
_CALLS = 3


def rows(plan: Plan) -> list[Row]:
    """Namespaces of 100 entries each, and as many namespaces as entries."""
    return [
        *_rows(plan, "list-namespaces", max(1, plan.names // _PER_NAMESPACE)),
        *_rows(plan, "list-many-namespaces", plan.names),
    ]


def _rows(plan: Plan, name: str, namespaces: int) -> list[Row]:
    what = f"list {namespaces:,} namespaces of {plan.names:,} entries, over SqliteStore"
    path = plan.folder / f"{name}.db"
    with commonplace.Memory(path, actor="bench") as memory:
        _fill(memory, namespaces, plan.names // namespaces)
        tasks = commonplace.NamespacePrefix.of("task")
        if len(memory.namespaces(tasks)) != namespaces:
            raise AssertionError(f"{name}: not every namespace is listed")
        block = memory.task("task-00000").block("text-0")

        def after_a_write() -> float:
            block.append(TEXT)
            return mean_us(lambda _: memory.namespaces(tasks), 1)

        def first() -> float:
            with memory.as_actor("bench") as again:
                return mean_us(lambda _: again.namespaces(tasks), 1)

        contest = {
            "commonplace, again, us": lambda: mean_us(lambda _: memory.namespaces(tasks), _CALLS),
            "commonplace, again after a write, us": after_a_write,
            "commonplace, the first time, us": first,
        }
        if not peer.is_installed():
            parts = medians(in_pieces(plan.rounds, _PIECES, contest))
            note = f"not measured: pip install 'commonplace[{peer.EXTRA}]'"
            return [Row(name, what, None, "x", 100.0, True, None, parts, note)]
        with peer.opened(plan.folder / f"{name}-peer.db") as store:
            _fill_peer(store, namespaces, plan.names // namespaces)
            contest["SqliteStore, us"] = lambda: mean_us(
                lambda _: store.list_namespaces(prefix=("task",), limit=plan.names), _CALLS
            )
            results = in_pieces(plan.rounds, _PIECES, contest)
    ours, _, first_time, theirs = results.values()
    value, spread = ratio(theirs, ours)
    at_first, first_spread = ratio(theirs, first_time)
    note = "the whole list from both; ours holds what this reader may read"
    return [
        Row(name, f"{what}, listed before",
            value, "x", 100.0, True, spread, medians(results), note),
        Row(f"{name}-first", "the same, listed for the first time",
            at_first, "x", 100.0, True, first_spread),
    ]  # fmt: skip


def _fill(memory: commonplace.Memory, namespaces: int, entries: int) -> None:
    memory.share({"bench": "reader"}, prefix=commonplace.NamespacePrefix.of("task"))
    for number in range(namespaces):
        task = memory.create_task(f"task-{number:05d}")
        blocks = [task.create_block(f"text-{entry}") for entry in range(entries)]
        for first in range(0, entries, limits.MAX_GROUP_WRITES):
            with memory.atomic():
                for block in blocks[first : first + limits.MAX_GROUP_WRITES]:
                    block.append(TEXT)


def _fill_peer(store: Any, namespaces: int, entries: int) -> None:
    puts = lazy_import("langgraph.store.base", peer.EXTRA).PutOp
    for number in range(namespaces):
        namespace = ("task", f"task-{number:05d}")
        store.batch([puts(namespace, f"text-{n}", {"text": TEXT}) for n in range(entries)])
