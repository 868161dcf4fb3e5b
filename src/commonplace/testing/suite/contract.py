"""The engine contract itself (`storage/engine.py`), below the faces: followers, copies, bells."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from commonplace.errors import CommonplaceError, EngineUnavailable
from commonplace.model.record import Record
from commonplace.storage.engine import Engine
from commonplace.storage.programs.upkeep.auditing import examine
from commonplace.storage.tailer import commits
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import Stage, refused, staged

TENANT = "default"
_PATIENCE_S = 30.0
_ALL = 1_000_000


def engine_of(stage: Stage) -> Engine:
    """The engine that the stage's memory is open on."""
    return stage.owner._opened().engine


@contextmanager
def fresh(harness: Harness) -> Iterator[Engine]:
    """An engine of its own, opened on nothing."""
    engine = harness.engine()
    engine.open(create=True)
    with closing(engine):
        yield engine


def _live(stage: Stage) -> list[Record]:
    """A log with groups, deletes and a condensation; its records."""
    notes, other = stage.block("notes"), stage.block("other")
    for number in range(12):
        notes.append(f"line {number}")
        if number % 3 == 0:
            with stage.owner.atomic():
                notes.replace(f"line {number}", f"LINE {number}")
                other.append(f"line {number}")
    notes.condense("summary", through=notes.read().version - 2)
    other.delete(expect=other.read().version)
    other.rewrite("again", expect=0)
    return engine_of(stage).tail(TENANT, 0, _ALL)


def test_engine_has_every_name_of_the_contract(harness: Harness) -> None:
    names = [name for name in dir(Engine) if not name.startswith("_")]
    missing = [name for name in names if not hasattr(harness.engine(), name)]
    assert not missing


def test_engine_says_what_it_can(harness: Harness) -> None:
    capabilities = harness.engine().capabilities
    assert capabilities.durable == harness.durable
    assert capabilities.processes == harness.processes


def test_tail_gives_whole_commits_in_order(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        whole = commits(_live(stage))
        assert [commit[0].revision for commit in whole] == list(range(1, stage.head + 1))
        for after in range(0, stage.head, 5):
            page = commits(engine_of(stage).tail(TENANT, after, 3))
            assert page == whole[after : after + 3]
        assert engine_of(stage).tail(TENANT, stage.head, 3) == []


def test_barrier_is_the_head(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        receipt = stage.block("notes").append("line")
        assert engine_of(stage).barrier(TENANT) == receipt.position
        assert engine_of(stage).position(TENANT) == receipt.position


@pytest.mark.parametrize("batch", [1, 2, 7, _ALL])
def test_follower_has_the_same_digest_in_any_batches(harness: Harness, batch: int) -> None:
    with staged(harness, "notes", "other") as stage, fresh(harness) as follower:
        whole = commits(_live(stage))
        for start in range(0, len(whole), batch):
            records = [record for commit in whole[start : start + batch] for record in commit]
            assert follower.apply(TENANT, records).digest == records[-1].digest
        assert follower.position(TENANT) == stage.owner.position()
        assert follower.tail(TENANT, 0, _ALL) == [record for commit in whole for record in commit]
        report = follower.read(TENANT, examine(TENANT))
        assert report.ok, report.findings
        assert report.digest == stage.owner.audit().digest


def test_follower_takes_only_what_follows(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage, fresh(harness) as follower:
        whole = commits(_live(stage))
        first, then = whole[:8], [record for commit in whole[8:] for record in commit]
        follower.apply(TENANT, [record for commit in first for record in commit])
        before, body = follower.position(TENANT), then[0].body
        assert body is not None
        wrong: dict[str, Sequence[Record]] = {
            "a gap": then[1:],
            "a repetition": [*whole[7], *then],
            "another actor": [replace(then[0], actor=replace(then[0].actor, name="x"))],
            "other bytes": [replace(then[0], body=replace(body, payload=b"{}"))],
            "another digest": [replace(then[0], digest=b"\0" * 32)],
        }
        for what, those in wrong.items():
            with pytest.raises(CommonplaceError):
                follower.apply(TENANT, those)
            assert follower.position(TENANT) == before, what
        assert follower.apply(TENANT, then) == stage.owner.position()


def test_snapshot_restores_to_the_same_memory(harness: Harness) -> None:
    with (
        staged(harness, "notes", "other") as stage,
        fresh(harness) as restored,
        TemporaryDirectory() as folder,
    ):
        records = _live(stage)
        copy = str(Path(folder) / "copy")
        engine_of(stage).snapshot(copy)
        stage.block("notes").append("after the copy")
        restored.restore(copy)
        assert restored.tail(TENANT, 0, _ALL) == records
        assert restored.read(TENANT, examine(TENANT)).ok
        with pytest.raises(CommonplaceError):
            restored.restore(copy)  # it is not empty any more


def test_closed_engine_refuses_and_closes_again(harness: Harness) -> None:
    engine = harness.engine()
    engine.open(create=True)
    assert engine.health().state == "ok"
    engine.close()
    engine.close()
    assert engine.health().state == "halted"
    refused(EngineUnavailable, lambda: engine.position(TENANT))
    refused(EngineUnavailable, lambda: engine.barrier(TENANT))


def test_subscriber_is_woken_by_a_commit(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        woken = threading.Event()
        end = engine_of(stage).subscribe(TENANT, woken.set)
        stage.block("notes").append("line")
        assert woken.wait(_PATIENCE_S)
        end()


def test_held_bells_ring_once_they_are_let_go(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        start = stage.head
        with stage.owner.batch(max_wait_s=_PATIENCE_S):
            for number in range(5):
                stage.block("notes").append(f"line {number}")
            assert stage.block("notes").read().version == 5, "a batch commits at once"
        found = stage.commits(stage.owner, after=start, upto=stage.head)
        assert len(found) == 5
