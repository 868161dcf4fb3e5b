"""Following: how far behind a follower is under load, what its reads cost, how soon it is there."""

import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

import commonplace
from commonplace.bench import crowd
from commonplace.bench.bare import BareMemory
from commonplace.bench.chronicle import ACTOR, make_chronicle
from commonplace.bench.measure import in_pieces, mean_us, medians, quantile, ratio
from commonplace.bench.place import Place, files
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT
from commonplace.bench.server import Server

_AGENTS: Final = 8
_PAUSE_S: Final = 0.02
"""Between two writes of an agent, so that the load is one and not a race for the processor."""
_FOLLOWERS: Final = (1, 3)
_READS_A_PIECE: Final = 25
_CATCH_UP: Final = 50_000
"""Revisions of the log that a new follower takes up, at the most."""
_THOUSAND: Final = 1000
_PATIENCE_S: Final = 600.0
_END: Final = "end"


def rows(plan: Plan) -> list[Row]:
    """Followers of a memory in a file."""
    return rows_at(plan, files(plan.folder, plan.history))


def on_server(plan: Plan, server: Server) -> list[Row]:
    """Followers of a memory on PostgreSQL."""
    return rows_at(plan, server.place(plan.server_history))


def rows_at(plan: Plan, place: Place) -> list[Row]:
    """The same, wherever the source lies."""
    lags = [_lag(plan, place, followers) for followers in _FOLLOWERS]
    return [*lags, _reads(plan, place), _catch_up(plan, place)]


# --- lag under load -----------------------------------------------------------------------------


def _lag(plan: Plan, place: Place, followers: int) -> Row:
    address = place.address(f"followed-{followers}")
    with commonplace.Memory(address, actor="bench") as memory:
        task = memory.create_task(TASK)
        for name in (*(f"text-{number}" for number in range(_AGENTS)), _END):
            task.create_block(name)
    halves, most, rates = [], [], []
    for number in range(plan.rounds):
        paths = [
            plan.folder / f"{place.tag}follower-{followers}-{each}.db" for each in range(followers)
        ]
        watchers = crowd.Crowd(
            [(_writer, (address, plan.seconds, number))]
            + [(_watcher, (address, str(path))) for path in paths]
        )
        watchers.start()
        told, *heard = watchers.results()
        lags = [seen[at] - told[at] for seen in heard for at in told.keys() & seen.keys()]
        halves.append(quantile(lags, 0.5) / 1e6)
        most.append(quantile(lags, 0.99) / 1e6)
        rates.append(len(told) / plan.seconds)
    parts = {
        "p50, ms": quantile(halves, 0.5),
        "p99, ms": quantile(most, 0.5),
        "commits acknowledged, /s": quantile(rates, 0.5),
    }
    processes = "a process of its own" if followers == 1 else "processes of their own"
    return Row(
        f"{place.tag}follow-lag-{followers}",
        f"{place.said}acknowledged to visible in a follower, p99, {_AGENTS} agents writing, "
        f"{followers} in {processes}",
        quantile(most, 0.5), "ms", None, False, (min(most), max(most)), parts,
        "visible: a watch through the follower was handed the commit, which is on its disk then",
    )  # fmt: skip


def _writer(address: str, seconds: float, number: int) -> Generator[None, None, dict[int, int]]:
    """Writes of several agents; when each revision was acknowledged."""
    told: dict[int, int] = {}
    with commonplace.Memory(address, actor="bench") as memory:
        task = memory.task(TASK)

        def work(agent: int) -> None:
            block = task.block(f"text-{agent}")
            version = block.rewrite(TEXT, expect=block.read().version).version
            until_s = time.monotonic() + seconds
            while time.monotonic() < until_s:
                receipt = block.rewrite(TEXT, expect=version)
                told[receipt.revision] = time.monotonic_ns()
                version = receipt.version
                time.sleep(_PAUSE_S)

        yield
        threads = [threading.Thread(target=work, args=(agent,)) for agent in range(_AGENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        task.block(_END).append(f"round {number}")
    return told


def _watcher(address: str, path: str) -> Generator[None, None, dict[int, int]]:
    """When each revision was handed over by a watch through a follower."""
    heard: dict[int, int] = {}
    with commonplace.Memory(address, actor="bench", follow=path) as memory:
        memory.catch_up(linearizable=True)
        with memory.watch(commonplace.Namespace.task(TASK)) as watch:
            yield
            for commit in watch:
                heard[commit.revision] = time.monotonic_ns()
                if any(change.reference.region == _END for change in commit.changes):
                    break
    return heard


# --- reads ----------------------------------------------------------------------------------------


def _reads(plan: Plan, place: Place) -> Row:
    address, path = place.address("followed-reads"), plan.folder / f"{place.tag}reads-bare.db"
    for each in (address, str(path)):
        with commonplace.Memory(each, actor="bench") as memory:
            block = memory.create_task(TASK).create_block("text")
            block.rewrite(TEXT, expect=block.rewrite(TEXT).version)
    copy = plan.folder / f"{place.tag}reads-bare-copy.db"
    bare = BareMemory(path, copy, "default", (f"task/{TASK}", "text", ""))
    follower = plan.folder / f"{place.tag}reads-follower.db"
    with (
        commonplace.Memory(address, actor="bench", follow=follower) as memory,
        commonplace.Memory(address, actor="bench") as source,
    ):
        memory.catch_up(linearizable=True)
        ours, theirs = (each.task(TASK).block("text") for each in (memory, source))
        size = _READS_A_PIECE
        contest = {
            "through the follower, us": lambda: mean_us(lambda _: ours.read(), size),
            "bare SELECT, us": lambda: mean_us(lambda _: bare.read(), size),
            "at the source, us": lambda: mean_us(lambda _: theirs.read(), size),
        }
        results = in_pieces(plan.rounds, max(1, plan.reads // size), contest)
    bare.close()
    through, select, _ = results.values()
    value, spread = ratio(through, select)
    return Row(
        f"{place.tag}follow-read",
        f"{place.said}point read through a follower, over a bare prepared SELECT of a file",
        value, "x", None, False, spread, medians(results),
        "the read says as of which revision it is, and has waited for the session's own writes",
    )  # fmt: skip


# --- from empty -----------------------------------------------------------------------------------


def _catch_up(plan: Plan, place: Place) -> Row:
    address = place.address("followed-long")
    revisions = min(place.history, _CATCH_UP)
    make_chronicle(address, revisions, 1)
    taken_ms, rates = [], []
    for number in range(plan.rounds):
        path = Path(plan.folder / f"{place.tag}long-{number}.db")
        begun_s = time.perf_counter()
        with commonplace.Memory(
            address, actor=ACTOR, follow=path, deadline_s=_PATIENCE_S
        ) as memory:
            head = memory.catch_up().revision
            elapsed_s = time.perf_counter() - begun_s
        taken_ms.append(elapsed_s * 1e3 / head * _THOUSAND)
        rates.append(head / elapsed_s)
    parts = {"revisions": float(revisions), "records, /s": quantile(rates, 0.5)}
    return Row(
        f"{place.tag}follow-from-empty",
        f"{place.said}a new follower takes up a log, for each thousand records",
        quantile(taken_ms, 0.5), "ms", None, False, (min(taken_ms), max(taken_ms)), parts,
        "chain checked, entries folded, texts indexed, on the disk",
    )  # fmt: skip
