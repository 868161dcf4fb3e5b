"""Guarantees 7 and 13: kill any participant; nothing acknowledged is lost, the others go on.

The workers are processes of their own. Each says what it is about to do and what it was
answered through a pipe, so that what a killed one acknowledged is known. The moments of the
kills come from a seed, which every failure prints.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from commonplace.errors import EngineUnavailable
from commonplace.testing.checker import check
from commonplace.testing.harness import Harness
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.replay import texts_of
from commonplace.testing.suite.stage import (
    TASK,
    Stage,
    needs_durability,
    needs_processes,
    staged,
)

ROUNDS: Final = 20
ROUNDS_PER_MEMORY: Final = 20
"""A fresh memory now and then, so that checking it whole stays cheap."""
WITHIN_S: Final = 1.0
"""DESIGN: the others go on within a second."""
_WRITERS: Final = ("w1", "w2", "w3")


@dataclass
class Report:
    """What a run of kill rounds did."""

    seed: int
    rounds: int = 0
    acknowledged: int = 0
    unknown: int = 0
    longest_s: float = 0.0
    killed: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.rounds} rounds, {self.killed} killed, "
            f"{self.acknowledged} writes acknowledged and found, {self.unknown} unknown, "
            f"longest wait of a survivor {self.longest_s * 1000:.0f} ms"
        )


def test_killed_participants_lose_nothing_and_hold_up_nobody(harness: Harness) -> None:
    print_seed(kill_rounds(harness, ROUNDS, seed=13))


@pytest.mark.soak
def test_a_thousand_kills_lose_nothing_and_hold_up_nobody(harness: Harness) -> None:
    print_seed(kill_rounds(harness, int(os.environ.get("COMMONPLACE_KILL_ROUNDS", "1000"))))


def print_seed(report: Report) -> None:
    """Say what was done; pytest shows it with a failure, or with -s."""
    os.write(1, f"\n{report}\n".encode())


def chosen_seed(seed: int | None = None) -> int:
    """The seed of the environment, else the given one, else a new one."""
    fallback = time.time_ns() % 1_000_000 if seed is None else seed
    return int(os.environ.get("COMMONPLACE_SEED", str(fallback)))


def kill_rounds(harness: Harness, rounds: int, *, seed: int | None = None) -> Report:
    """Kill one of several busy processes in each round, and check all they were told."""
    needs_processes(harness)
    needs_durability(harness)
    seed = chosen_seed(seed)
    report, rng = Report(seed), random.Random(seed)
    while report.rounds < rounds:
        _one_memory(harness, min(ROUNDS_PER_MEMORY, rounds - report.rounds), rng, report)
    return report


def _one_memory(harness: Harness, rounds: int, rng: random.Random, report: Report) -> None:
    with _prepared(harness) as address, Crew() as crew:
        lives = 0

        def hire(name: str) -> Worker:
            nonlocal lives
            lives += 1
            role = {"r": "follow", "h": "hold"}.get(name[0], "write")
            return crew.hire(job(address, name, role, life=lives, seed=rng.randrange(1 << 30)))

        # The first to open the memory is a participant like any other.
        present = {"h1": hire("h1")}
        crew.ready(present["h1"])
        present |= {name: hire(name) for name in (*_WRITERS, "r1")}
        crew.ready(*present.values())
        crew.begin(*present.values())
        for number in range(rounds):
            name = "h1" if number == 0 else rng.choice(sorted(set(present) - {"h1"}))
            spare = hire("r1" if name == "h1" else name)
            crew.listen_for(rng.uniform(0.0, 0.05))
            killed_ns = crew.kill(present.pop(name))
            report.killed[name] = report.killed.get(name, 0) + 1
            gap_s = _survivors_went_on(crew, present, killed_ns, f"seed {report.seed}")
            report.longest_s = max(report.longest_s, gap_s)
            assert gap_s < WITHIN_S, f"seed {report.seed}: held up {gap_s:.2f} s by a dead {name}"
            crew.ready(spare)
            crew.begin(spare)
            if name != "h1":
                present[name] = spare
            report.rounds += 1
        crew.finish(*(worker for worker in crew.workers if not worker.ended))
        _judge(harness, address, crew, report)


def _survivors_went_on(crew: Crew, present: dict[str, Worker], killed_ns: int, where: str) -> float:
    """Wait until each survivor that writes has been answered; the longest wait in seconds."""
    writers = [worker for name, worker in present.items() if name in _WRITERS]

    def first_answers() -> list[int]:
        answers = []
        for worker in writers:
            later = [
                e.answered_ns
                for e in worker.events[-50:]
                if e.outcome == "ok"
                and not e.is_read
                and e.answered_ns
                and e.answered_ns > killed_ns
            ]
            answers += later[:1]
        return answers

    crew.wait(lambda: len(first_answers()) == len(writers), f"{where}: the survivors went on")
    return (max(first_answers()) - killed_ns) / 1e9


def _judge(harness: Harness, address: str, crew: Crew, report: Report) -> None:
    """Every acknowledged write is there once, every other at most once; the chain is whole."""
    where = f"seed {report.seed}: "
    stage = Stage.reopened(harness, address)
    try:
        events = crew.events
        records = stage.log()
        violations = check(records, events, texts_of)
        assert not violations, where + "\n".join(violations[:10])
        audit = stage.owner.audit()
        assert audit.ok, f"{where}{audit.findings}"
        left, right, log = (stage.block(n).read().text for n in ("left", "right", "log"))
        assert left == right, f"{where}half a group was written"
        lines = log.split("\n")
        assert len(lines) == len(set(lines)), f"{where}a line is there twice"
        counted = len(stage.block("count").history(limit=1_000_000)) - 1
        assert int(stage.block("count").read().text) == counted, f"{where}an update was lost"
        _judge_followers(crew, where)
    finally:
        stage.close()
    writes = [event for event in events if not event.is_read]
    report.acknowledged += sum(event.outcome == "ok" for event in writes)
    report.unknown += sum(event.outcome == "unknown" for event in writes)


def _judge_followers(crew: Crew, where: str) -> None:
    """What a watch saw: each entry's versions one after the other, without a gap."""
    for worker in crew.workers:
        newest: dict[str, int] = {}
        revision = 0
        for message in worker.said:
            if "commit" not in message:
                continue
            if message["changes"]:
                assert message["commit"] > revision, f"{where}a commit twice, or out of order"
                revision = message["commit"]
            for region, old, new in message["changes"]:
                assert old == newest.get(region, 0), f"{where}{region} skipped from {old}"
                newest[region] = new


@contextmanager
def _prepared(harness: Harness) -> Iterator[str]:
    """A memory with the workers' blocks, which nobody has open."""
    with staged(harness, "log", "board", "count", "left", "right") as stage:
        stage.block("board").append("a 0\nb 0\nc 0")
        stage.block("count").append("0")
        stage.task.share(dict.fromkeys((*_WRITERS, "r1", "h1"), "editor"))
        address = stage.address
    yield address


def job(
    address: str, actor: str, role: str, *, life: int, seed: int, **more: Any
) -> dict[str, Any]:
    """A worker's job."""
    return {
        "role": role, "address": address, "tenant": "default", "actor": actor, "life": life,
        "seed": seed, **more,
    }  # fmt: skip


def test_first_opener_may_leave_and_the_others_go_on(harness: Harness) -> None:
    needs_processes(harness)
    with _prepared(harness) as address, Crew() as crew:
        first = crew.hire(job(address, "h1", "hold", life=1, seed=1))
        crew.ready(first)
        writer = crew.hire(job(address, "w1", "write", life=1, seed=1, calls=["append"]))
        crew.ready(writer)
        crew.begin(first, writer)
        crew.wait(lambda: len(writer.events) > 3, "the writer writes")
        crew.finish(first)
        seen = len(writer.events)
        crew.wait(lambda: len(writer.events) > seen + 20, "the writer goes on")
        assert {event.outcome for event in writer.events} == {"ok"}
        crew.finish(writer)


def test_dead_head_of_the_update_queue_is_passed_over(harness: Harness) -> None:
    """Killed while it thinks, at the head of the queue: the next is called within a second."""
    needs_processes(harness)
    with _prepared(harness) as address, Crew() as crew:
        head = crew.hire(job(address, "w1", "think", life=1, seed=1, count=1, think_s=3600))
        crew.ready(head)
        crew.begin(head)
        crew.wait(lambda: {"thinking": 0} in head.said, "the head of the queue thinks")
        after = crew.hire(job(address, "w2", "think", life=1, seed=1, count=1, think_s=0))
        crew.ready(after)
        crew.begin(after)
        crew.listen_for(0.1)
        assert {"thinking": 0} not in after.said, "two think at once"
        killed_ns = crew.kill(head)
        crew.wait(lambda: any("waited_s" in each for each in after.said), "the next is called")
        (done,) = (each for each in after.said if "waited_s" in each)
        assert done["at_s"] - killed_ns / 1e9 < WITHIN_S
        crew.finish(after)


def test_stopped_holder_is_named_and_nothing_is_written(harness: Harness) -> None:
    """SIGSTOP leaves the turn with a process that does not use it: the error says which."""
    needs_processes(harness)
    if not harness.files("x"):
        pytest.skip(f"{harness.name}: no process of this machine holds the right to write")
    with _prepared(harness) as address, Crew() as crew:
        busy = crew.hire(job(address, "w1", "write", life=1, seed=1, calls=["append"]))
        crew.ready(busy)
        crew.begin(busy)
        memory = harness.open(address, actor="w2", deadline_s=0.25)
        try:
            block = memory.task(TASK).block("left")
            error = _stop_holding(crew, busy, lambda: block.append("too late"))
            assert str(busy.pid) in str(error), f"the holder, {busy.pid}, is not named: {error}"
            assert block.read().text.count("too late") == error.facts["landed"]
            busy.signal(signal.SIGCONT)
            block.append("goes on")
        finally:
            busy.signal(signal.SIGCONT)
            memory.close()
        crew.finish(busy)


def _stop_holding(crew: Crew, busy: Worker, write: Any) -> EngineUnavailable:
    """Stop `busy` again and again until it is stopped with the right to write in its hand."""
    for attempt in range(500):
        crew.listen_for(random.Random(attempt).uniform(0.0, 0.005))
        busy.signal(signal.SIGSTOP)
        try:
            write()
        except EngineUnavailable as error:
            error.facts = {**error.facts, "landed": attempt}
            return error
        busy.signal(signal.SIGCONT)
    raise AssertionError("it never held the right to write when it was stopped")
