"""Watching: how long until another process knows of a write, against a bare doorbell."""

import os
import socket
import time
from collections.abc import Callable, Generator
from itertools import count
from pathlib import Path
from statistics import median

import commonplace
from commonplace.bench import crowd
from commonplace.bench.bare import BareMemory
from commonplace.bench.measure import ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.agents import TASK, TEXT

Heard = tuple[list[int], list[int], list[int]]
"""When each write was called, when it was answered, and when it was heard of."""

_PAUSE_S = 0.003
"""Between two writes, so that each wakes the watcher on its own."""


def rows(plan: Plan) -> list[Row]:
    """From the call of a write until a watcher in another process holds the commit."""
    path, bell = plan.folder / "watched.db", plan.folder / "bell"
    with commonplace.Memory(path, actor="bench") as memory:
        block = memory.create_task(TASK).create_block("text")
        block.rewrite(TEXT, expect=block.rewrite(TEXT).version)
    ours, bare, told, bare_told = [], [], [], []
    for number in range(plan.rounds):
        copy = plan.folder / f"watched-bare-{number}.db"
        source = BareMemory(path, copy, "default", (f"task/{TASK}", "text", ""))
        called, answered, heard = memory_round(plan, str(path))
        ours.append(median_between_us(called, heard))
        told.append(median_between_us(answered, heard))
        called, answered, heard = _bare_round(plan, source, bell)
        bare.append(median_between_us(called, heard))
        bare_told.append(median_between_us(answered, heard))
        source.close()
    value, spread = ratio(ours, bare)
    parts = {
        "from the call, us": median(ours),
        "bare write, datagram and receipt, us": median(bare),
        "after the acknowledgement, us": median(told),
        "bare datagram alone, us": median(bare_told),
    }
    return [
        Row("watch", "write to a watcher in another process, p50, over a bare write and doorbell",
            value, "x", 3.0, False, spread, parts,
            "both begin with a durable commit of the same rows; the watcher also reads and "
            "decodes the commit, the bare receiver only wakes")
    ]  # fmt: skip


def median_between_us(begun: list[int], ended: list[int]) -> float:
    """The median time from one to the other."""
    return median(b - a for a, b in zip(begun, ended, strict=True)) / 1e3


def memory_round(plan: Plan, address: str) -> Heard:
    """Writes to a memory, and when a watcher in another process held each commit."""
    watcher = crowd.Crowd([(_watcher, (address, plan.writes))])
    with commonplace.Memory(address, actor="bench") as memory:
        block = memory.task(TASK).block("text")
        version = block.read().version

        def write() -> None:
            nonlocal version
            version = block.rewrite(TEXT, expect=version).version

        watcher.start()
        return *paced(write, plan.writes), watcher.results()[0]


def _bare_round(plan: Plan, source: BareMemory, bell: Path) -> Heard:
    listener = crowd.Crowd([(_listener, (bell, plan.writes))])
    listener.start()
    batches = [source.next_rows() for _ in range(plan.writes)]
    numbers = count()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ringer:
        ringer.connect(str(bell))

        def write() -> None:
            source.write(batches[next(numbers)])
            answered.append(time.monotonic_ns())
            ringer.send(b"")

        answered: list[int] = []
        called, _ = paced(write, plan.writes)
        return called, answered, listener.results()[0]


def paced(write: Callable[[], None], writes: int) -> tuple[list[int], list[int]]:
    """When each of so many writes was called and answered, with a pause between two."""
    called, answered = [], []
    for _ in range(writes):
        time.sleep(_PAUSE_S)
        called.append(time.monotonic_ns())
        write()
        answered.append(time.monotonic_ns())
    return called, answered


def _watcher(address: str, writes: int) -> Generator[None, None, list[int]]:
    heard: list[int] = []
    with (
        commonplace.Memory(address, actor="bench") as memory,
        memory.watch(commonplace.Namespace.task(TASK)) as watch,
    ):
        yield
        for commit in watch:
            heard += [time.monotonic_ns()] * len(commit.changes)
            if len(heard) == writes:
                break
    return heard


def _listener(bell: Path, writes: int) -> Generator[None, None, list[int]]:
    heard = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(bell))
        yield
        for _ in range(writes):
            bound.recv(1)
            heard.append(time.monotonic_ns())
    os.unlink(bell)
    return heard
