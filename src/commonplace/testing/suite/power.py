"""Guarantee 7: an acknowledged write survives a power cut.

Kill -9 does not show a missing fsync, since the kernel keeps what was written. Here the disk
itself forgets what was not synced (`commonplace.testing.powercut`). What a process says after
the moment of the cut counts for nothing: it would have had no power to say it.
"""

import os
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from commonplace import NamespacePrefix
from commonplace.testing import powercut
from commonplace.testing.checker import check
from commonplace.testing.harness import Harness
from commonplace.testing.history import Event
from commonplace.testing.processes import Crew
from commonplace.testing.replay import texts_of
from commonplace.testing.suite.participants import chosen_seed, job
from commonplace.testing.suite.stage import OWNER, TASK, Stage

ROUNDS = 3


def test_power_cut_loses_nothing_acknowledged(harness: Harness) -> None:
    cut_power(harness, ROUNDS, seed=13)


@pytest.mark.soak
def test_a_hundred_power_cuts_lose_nothing_acknowledged(harness: Harness) -> None:
    cut_power(harness, int(os.environ.get("COMMONPLACE_POWER_CUTS", "100")))


def cut_power(harness: Harness, rounds: int, *, seed: int | None = None, mutant: str = "") -> None:
    """Cut the power under writing processes, again and again, on one memory."""
    seed = chosen_seed(seed)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        if harness.address_in(Path(place)) is None:
            pytest.skip(f"{harness.name}: its bytes lie in no folder")
        reason = powercut.why_not(Path(place))
        if reason:
            pytest.skip(reason)
        with powercut.disk(Path(place)) as disk, Crew() as crew:
            address = harness.address_in(disk.folder)
            assert address is not None
            _prepare(harness, address)
            told: list[Event] = []
            for number in range(rounds):
                told += _one_cut(crew, disk, address, number, rng, mutant)
                _judge(harness, address, told, f"seed {seed}, cut {number}: ")
    landed = sum(event.outcome == "ok" for event in told)
    os.write(1, f"\nseed {seed}: {rounds} power cuts, {landed} acknowledged calls\n".encode())


def _prepare(harness: Harness, address: str) -> None:
    memory = harness.open(address, actor=OWNER)
    try:
        memory.share({OWNER: "owner"}, prefix=NamespacePrefix(()))
        task = memory.create_task(TASK, share={"w1": "editor", "w2": "editor"})
        for name in ("log", "left", "right", "count"):
            task.create_block(name)
        task.block("count").append("0")
    finally:
        memory.close()


def _one_cut(
    crew: Crew, disk: powercut.Disk, address: str, number: int, rng: random.Random, mutant: str
) -> list[Event]:
    """Let two processes write, and cut at a moment of the seed's choice; what they had said."""
    calls = ["append", "pair", "update"]
    workers = [
        crew.hire(job(address, actor, "write", life=number, seed=seed, mutant=mutant, calls=calls))
        for actor, seed in (("w1", rng.randrange(1 << 30)), ("w2", rng.randrange(1 << 30)))
    ]
    crew.ready(*workers)
    crew.begin(*workers)
    enough = rng.randrange(3, 60)
    crew.wait(lambda: all(len(w.events) >= enough for w in workers), "both workers write")
    crew.listen_for(rng.uniform(0.0, 0.01))
    cut_ns = time.monotonic_ns()
    disk.cut()
    for worker in workers:
        crew.kill(worker)
    disk.cycle()
    events = [event for worker in workers for event in (*worker.events, *worker.unfinished)]
    return [_without_power(event, cut_ns) for event in events]


def _without_power(event: Event, cut_ns: int) -> Event:
    """The event as others know it: what was answered after the cut was never heard."""
    if event.answered_ns is None or event.answered_ns < cut_ns:
        return event
    return replace(event, outcome="unknown", answered_ns=None, version=0, revision=0, code="")


def _judge(harness: Harness, address: str, told: list[Event], where: str) -> None:
    """Everything that was acknowledged before the cut is there after it."""
    newest = max((event.revision for event in told if event.outcome == "ok"), default=0)
    assert newest, f"{where}nothing was acknowledged before the cut"
    try:
        stage = Stage.reopened(harness, address)
    except Exception as error:
        raise AssertionError(f"{where}the memory does not open again: {error!r}") from error
    try:
        assert stage.head >= newest, f"{where}r{newest} was acknowledged; r{stage.head} is left"
        violations = check(stage.log(), told, texts_of)
        assert not violations, where + "\n".join(violations[:5])
        report = stage.owner.audit()
        assert report.ok, f"{where}{report.findings}"
        left, right = (stage.block(name).read().text for name in ("left", "right"))
        assert left == right, f"{where}half a group was written"
    finally:
        stage.close()
