"""Guarantee 7: an acknowledged write survives a power cut.

Kill -9 does not show a missing fsync, since the kernel keeps what was written. Here the disk
itself forgets what was not synced (`commonplace.testing.powercut`).
"""

import os
import random
import tempfile
import time
from pathlib import Path

import pytest

from commonplace import NamespacePrefix
from commonplace.testing import powercut
from commonplace.testing.checker import check
from commonplace.testing.harness import Harness
from commonplace.testing.processes import Crew
from commonplace.testing.replay import texts_of
from commonplace.testing.suite.participants import job
from commonplace.testing.suite.stage import OWNER, TASK, Stage

ROUNDS = 3


def test_power_cut_loses_nothing_acknowledged(harness: Harness) -> None:
    cut_power(harness, ROUNDS)


@pytest.mark.soak
def test_a_hundred_power_cuts_lose_nothing_acknowledged(harness: Harness) -> None:
    cut_power(harness, int(os.environ.get("COMMONPLACE_POWER_CUTS", "100")))


def cut_power(harness: Harness, rounds: int, *, mutant: str = "") -> None:
    """Cut the power under writing processes, again and again, on one memory."""
    seed = int(os.environ.get("COMMONPLACE_SEED", str(time.time_ns() % 1_000_000)))
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
            for number in range(rounds):
                _one_cut(crew, disk, address, number, rng, mutant)
                _judge(harness, address, crew, f"seed {seed}, cut {number}: ")
    os.write(1, f"\nseed {seed}: {rounds} power cuts, {len(crew.events)} calls\n".encode())


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
) -> None:
    """Let two processes write, and cut at a moment of the seed's choice."""
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
    disk.cut()
    for worker in workers:
        crew.kill(worker)
    disk.cycle()


def _judge(harness: Harness, address: str, crew: Crew, where: str) -> None:
    """Everything that was acknowledged before the cut is there after it."""
    acknowledged = sum(e.outcome == "ok" for e in crew.events)
    assert acknowledged, f"{where}nothing was acknowledged before the cut"
    try:
        stage = Stage.reopened(harness, address)
    except Exception as error:
        raise AssertionError(f"{where}the memory does not open again: {error!r}") from error
    try:
        newest = max(e.revision for e in crew.events if e.outcome == "ok")
        assert stage.head >= newest, f"{where}r{newest} was acknowledged; r{stage.head} is left"
        violations = check(stage.log(), crew.events, texts_of)
        assert not violations, where + "\n".join(violations[:5])
        report = stage.owner.audit()
        assert report.ok, f"{where}{report.findings}"
        left, right = (stage.block(name).read().text for name in ("left", "right"))
        assert left == right, f"{where}half a group was written"
    finally:
        stage.close()
