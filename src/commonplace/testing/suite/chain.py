"""Guarantee 9: the log is chained, and the state is what the log says."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from commonplace import Entry, Memory, Receipt
from commonplace.errors import Erased
from commonplace.testing.harness import Damage, Harness
from commonplace.testing.suite.stage import TASK, Stage, staged


def _live(stage: Stage) -> list[Receipt]:
    notes = stage.block("notes")
    receipts = [notes.append(f"line {number}", reason="true") for number in range(5)]
    receipts.append(notes.replace("line 2", "line two"))
    receipts.append(notes.condense("true summary", through=receipts[-1].version))
    receipts += [notes.append(f"after {number}") for number in range(3)]
    return receipts


def test_audit_accepts_what_was_written(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        receipts = _live(stage)
        report = stage.owner.audit()
        assert report.ok, report.findings
        assert report.revision == receipts[-1].revision
        assert report.digest == receipts[-1].digest


def test_every_receipt_has_the_digest_of_its_place(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        receipts = _live(stage)
        digests = {(record.revision, record.index): record.digest for record in stage.log()}
        for receipt in receipts:
            assert digests[receipt.revision, receipt.index] == receipt.digest
        assert len({receipt.digest for receipt in receipts}) == len(receipts)
        assert stage.owner.position() == receipts[-1].position


@pytest.mark.parametrize("how", ["edit", "remove", "state"])
def test_audit_names_what_was_damaged(harness: Harness, how: Damage) -> None:
    findings, revision = _damaged(harness, how)
    assert findings, f"the audit did not see: {how} at revision {revision}"
    words = " ".join(str(finding) for finding in findings)
    assert f"{revision}" in words or f"task/{TASK}:notes" in words, words


def test_receipt_shows_a_log_cut_below_it(harness: Harness) -> None:
    if not harness.processes:
        pytest.skip(f"{harness.name}: nobody else can reach it")
    stage = Stage(harness, {})
    try:
        stage.task.create_block("notes")
        receipts = _live(stage)
    finally:
        stage.close()
    harness.damage(stage.address, "cut", tenant="default", revision=receipts[-1].revision)
    memory = harness.open(stage.address, actor="owner")
    try:
        assert memory.position().revision == receipts[-2].revision
        assert memory.audit(expect=receipts[-2]).ok
        assert not memory.audit(expect=receipts[-1]).ok, "the audit does not miss what is cut"
        # Written over, the log has that revision again, and another digest there.
        again = memory.task(TASK).block("notes").append("after 2")
        assert again.revision == receipts[-1].revision
        assert again.digest != receipts[-1].digest, "the receipt does not tell the logs apart"
        assert not memory.audit(expect=receipts[-1]).ok
    finally:
        memory.close()


def _damaged(harness: Harness, how: Damage) -> tuple[list[object], int]:
    """What an audit finds after damage done to one record, and which."""
    if not harness.processes:
        pytest.skip(f"{harness.name}: nobody else can reach it")
    stage = Stage(harness, {})
    try:
        stage.task.create_block("notes")
        receipts = _live(stage)
        assert stage.owner.audit().ok
    finally:
        stage.close()
    revision = receipts[-1 if how == "state" else 2].revision
    if how == "edit":
        revision = receipts[6].revision
    harness.damage(stage.address, how, tenant="default", revision=revision)
    memory = harness.open(stage.address, actor="owner")
    try:
        report = memory.audit()
        assert report.ok == (not report.findings)
        return list(report.findings), revision
    finally:
        memory.close()


def test_log_carried_over_gives_the_same_state_and_chain(harness: Harness) -> None:
    """Folding the same log again, in other batches, gives every byte and digest again."""
    with staged(harness, "notes") as stage, TemporaryDirectory() as folder:
        _live(stage)
        stage.owner.erase(f"task/{TASK}:notes@1", reason="asked to be forgotten")
        exported = Path(folder) / "log.ndjson"
        position = stage.owner.export(exported)
        assert position == stage.owner.position()
        other = harness.open(harness.address(), actor="owner")
        try:
            assert other.import_log(exported) == position
            assert other.position() == position
            assert other.audit().ok, other.audit().findings
            here, there = stage.block("notes"), other.task(TASK).block("notes")
            assert there.read() == here.read()
            assert there.history() == here.history()
            assert there.blame() == here.blame()
            for revision in range(position.revision - 4, position.revision + 1):
                assert _as_of(other, revision) == _as_of(stage.owner, revision)
            # It goes on from there.
            assert there.append("and on").revision == position.revision + 1
        finally:
            other.close()


def _as_of(memory: Memory, revision: int) -> Entry | str:
    """What stood at a revision, or that what it takes to say so was erased."""
    try:
        return memory.at(revision).task(TASK).block("notes").read()
    except Erased:
        return "erased"
