"""Guarantee 8: `Refused` means that nothing was written; a lost answer is `OutcomeUnknown`."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from commonplace import NamespacePrefix, errors
from commonplace.testing import faults
from commonplace.testing.checker import Log, check_log, check_writes
from commonplace.testing.faults import Fault
from commonplace.testing.harness import Harness
from commonplace.testing.history import Event
from commonplace.testing.processes import Crew
from commonplace.testing.suite.stage import TASK, Stage, refused, staged

_SEED = 8
_CALLS = 30
_STRUCK = "the worker under the fault has told how its calls ended"


def test_refused_means_that_nothing_was_written(harness: Harness) -> None:
    with staged(harness, "notes", share={"reader": "reader"}) as stage:
        notes = stage.block("notes")
        notes.append("one two one")
        small = stage.task.create_block("small", max_bytes=32)
        small.append("x" * 20)
        reader = stage.block("notes", stage.open("reader"))
        ways: dict[type[errors.CommonplaceError], Callable[[], object]] = {
            errors.VersionConflict: lambda: notes.replace("two", "2", expect=9),
            errors.ExpectRequired: lambda: notes.rewrite("all"),
            errors.AnchorNotFound: lambda: notes.replace("three", "3"),
            errors.AnchorNotUnique: lambda: notes.replace("one", "1"),
            errors.AccessDenied: lambda: reader.append("x"),
            errors.LimitExceeded: lambda: small.append("y" * 20),
            errors.ContractMismatch: lambda: stage.task.create_block("small", max_bytes=33),
            errors.NotFound: lambda: stage.task.block("no-such").append("x"),
        }
        before, text = stage.owner.position(), notes.read()
        for kind, call in ways.items():
            refused(kind, call)
            assert stage.owner.position() == before, kind
        assert notes.read() == text
        assert small.read().text == "x" * 20
        assert stage.owner.audit().ok


def test_poisoned_write_hurts_its_author_alone(harness: Harness) -> None:
    """Refusals in the midst of others' writes: each gets its own answer."""
    with staged(harness, "notes") as stage:
        from_others = [f"line {n}" for n in range(40)]
        for number, line in enumerate(from_others):
            if number % 4 == 0:
                refused(errors.AnchorNotFound, lambda: stage.block("notes").replace("absent", "x"))
            stage.block("notes").append(line)
        assert stage.block("notes").read().text.split("\n") == from_others


def fault_plan(seed: int, count: int) -> list[Fault]:
    """Faults of every call that writes, of both kinds, at early and late moments."""
    rng = random.Random(seed)
    calls = ("pwrite64", "fdatasync", "fsync", "ftruncate", "write", "openat")
    plan = [
        Fault(call, error, nth, lasting)
        for call in calls
        for error in ("EIO", "ENOSPC")
        for nth in (1, 3, 10, 40)
        for lasting in (False, True)
    ]
    rng.shuffle(plan)
    return plan[:count]


def test_failing_system_calls_leave_honest_outcomes(harness: Harness) -> None:
    _run_faults(harness, fault_plan(_SEED, 10))


@pytest.mark.soak
def test_every_failing_system_call_leaves_honest_outcomes(harness: Harness) -> None:
    _run_faults(harness, fault_plan(_SEED, 1000))


def _run_faults(harness: Harness, plan: list[Fault]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if harness.address_in(Path(folder)) is None:
            pytest.skip(f"{harness.name}: writes no files of its own")
        reason = faults.why_not()
        if reason:
            pytest.skip(reason)
        hits = sum(_one_fault(harness, fault, Path(folder)) for fault in plan)
        assert hits, "no fault struck: the harness tests nothing"


def _one_fault(harness: Harness, fault: Fault, folder: Path) -> int:
    """One memory, one worker under one fault, and what is there afterwards; calls struck."""
    address = harness.address_in(folder)
    assert address is not None
    memory = harness.open(address, actor="owner")
    try:
        task = memory.create_task(TASK, share={"w": "editor"})
        memory.share({"owner": "owner"}, prefix=NamespacePrefix(()))
        for name in ("log", "left", "right", "count"):
            task.create_block(name)
        task.block("count").append("0")
    finally:
        memory.close()
    trace = folder / "trace"
    with Crew() as crew:
        job = {
            "role": "write", "address": address, "tenant": "default", "actor": "w", "life": 1,
            "seed": _SEED, "count": _CALLS, "calls": ["append", "pair", "update"],
        }  # fmt: skip
        worker = crew.hire(job, wrapper=fault.wrapper(harness.files(address), trace))
        crew.begin(worker)
        crew.wait(lambda: worker.ended or len(worker.events) == _CALLS, f"{_STRUCK}: {fault}")
        worker.dismiss()
        crew.wait(lambda: worker.ended, f"the worker ended: {fault}")
        events = crew.events
        if worker.is_ready:
            assert len(events) == _CALLS, f"under {fault} it ended early:\n{worker.errors}"
        else:
            last = worker.errors.strip().rpartition("\n")[2]
            assert last.startswith("commonplace.errors."), f"under {fault}:\n{worker.errors}"
    _judge(harness, address, events, f"under {fault}: ")
    return faults.struck(trace)


def _judge(harness: Harness, address: str, events: list[Event], where: str) -> None:
    """Acknowledged writes are there once, refused ones are not, unknown ones at most once.

    Then each unknown one is settled by a retry under its key.
    """
    stage = Stage.reopened(harness, address)
    try:
        records = stage.log()
        wrong = [*check_log(Log.of(records)), *check_writes(Log.of(records), events)]
        assert not wrong, where + "\n".join(wrong[:5])
        report = stage.owner.audit()
        assert report.ok, f"{where}{report.findings}"
        writer = stage.open("w")
        for event in events:
            if event.outcome == "unknown" and event.entry.endswith(":log"):
                block = stage.block("log", writer)
                block.append(f"line {event.key}", idempotency_key=event.key)
        lines = stage.block("log").read().text.split("\n")
        assert len(lines) == len(set(lines)), f"{where}a retry was written twice"
        left, right = (stage.block(name).read().text for name in ("left", "right"))
        assert left == right, f"{where}half a group was written"
    finally:
        stage.close()
