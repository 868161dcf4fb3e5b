"""Listing: the namespaces of a large memory, against a peer's."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import commonplace
from commonplace import limits
from commonplace._lazy import lazy_import
from commonplace.bench import peer
from commonplace.bench.measure import in_pieces, mean_us, medians, ratio
from commonplace.bench.place import Place, files
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TEXT

_PER_NAMESPACE = 100
_PIECES = 10
_CALLS = 3
_AIM = 100.0


class Peer(NamedTuple):
    """A store to be compared with: its name, and how one is opened under a name of its own."""

    name: str
    opened: Callable[[str], AbstractContextManager[Any]]


def rows(plan: Plan) -> list[Row]:
    """Namespaces of 100 entries each, and as many namespaces as entries."""
    theirs = Peer("SqliteStore", lambda name: peer.opened(plan.folder / f"{name}.db"))
    installed = theirs if peer.is_installed() else None
    return rows_at(plan, files(plan.folder, plan.history), installed)


def rows_at(plan: Plan, place: Place, theirs: Peer | None) -> list[Row]:
    """The same, wherever the memories lie."""
    found = []
    for name, namespaces in (
        ("list-namespaces", max(1, plan.names // _PER_NAMESPACE)),
        ("list-many-namespaces", plan.names),
    ):
        address = place.address(name)
        with commonplace.Memory(address, actor="bench") as memory:
            _fill(memory, namespaces, plan.names // namespaces)
            contest = _contest(memory, namespaces)
            what = f"{place.said}list {namespaces:,} namespaces of {plan.names:,} entries"
            if theirs is None:
                parts = medians(in_pieces(plan.rounds, _PIECES, contest))
                note = f"not measured: pip install 'commonplace[{peer.EXTRA}]'"
                row = Row(f"{place.tag}{name}", what, None, "x", _AIM, True, None, parts, note)
                found.append(row)
                continue
            with theirs.opened(f"{name}-peer") as store:
                _fill_peer(store, namespaces, plan.names // namespaces)
                contest[f"{theirs.name}, us"] = partial(_theirs_us, store, plan.names)
                results = in_pieces(plan.rounds, _PIECES, contest)
        found += _ratios(f"{place.tag}{name}", f"{what}, over {theirs.name}", results)
    return found


def _contest(memory: commonplace.Memory, namespaces: int) -> dict[str, Callable[[], float]]:
    tasks = commonplace.NamespacePrefix.of("task")
    if len(memory.namespaces(tasks)) != namespaces:
        raise AssertionError("not every namespace is listed")
    block = memory.task("task-00000").block("text-0")

    def after_a_write() -> float:
        block.append(TEXT)
        return mean_us(lambda _: memory.namespaces(tasks), 1)

    def first() -> float:
        with memory.as_actor("bench") as again:
            return mean_us(lambda _: again.namespaces(tasks), 1)

    return {
        "commonplace, again, us": lambda: mean_us(lambda _: memory.namespaces(tasks), _CALLS),
        "commonplace, again after a write, us": after_a_write,
        "commonplace, the first time, us": first,
    }


def _theirs_us(store: Any, names: int) -> float:
    return mean_us(lambda _: store.list_namespaces(prefix=("task",), limit=names), _CALLS)


def _ratios(name: str, what: str, results: dict[str, list[float]]) -> list[Row]:
    ours, _, first_time, theirs = results.values()
    value, spread = ratio(theirs, ours)
    at_first, first_spread = ratio(theirs, first_time)
    note = "the whole list from both; ours holds what this reader may read"
    return [
        Row(name, f"{what}, listed before",
            value, "x", _AIM, True, spread, medians(results), note),
        Row(f"{name}-first", "the same, listed for the first time",
            at_first, "x", _AIM, True, first_spread),
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
