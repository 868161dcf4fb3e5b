"""Retractions: what was wrong goes, what was built on it is found, whoever was shown it is told."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from commonplace import Memory, Namespace, Retraction
from commonplace.errors import (
    CommonplaceError,
    InvalidInput,
    NotAuthor,
    NotFound,
    VersionConflict,
)
from commonplace.model.entry import EntryKey
from commonplace.storage.programs.taking_back.marking import statuses
from commonplace.testing.harness import Harness
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.suite.participants import chosen_seed, job
from commonplace.testing.suite.stage import (
    OWNER,
    TASK,
    Stage,
    needs_durability,
    needs_processes,
    refused,
    staged,
    together,
)

NOTES: Final = f"task/{TASK}:notes"
REPORT: Final = f"task/{TASK}:report"
_WRITER: Final = "writer"
_READER: Final = "reader"
_ANALYST: Final = "analyst"
_SHARE: Final = {_WRITER: "editor", _ANALYST: "editor", _READER: "reader"}
_ROUNDS: Final = 6


@contextmanager
def _written(harness: Harness) -> Iterator[tuple[Stage, Memory]]:
    """Two lines that the writer wrote, of which the second will turn out to be wrong."""
    with staged(harness, "notes", "report", share=_SHARE) as stage:
        writer = stage.open(_WRITER)
        stage.block("notes", writer).append("right\nwrong")
        yield stage, writer


def _suspects(done: Retraction) -> dict[str, tuple[str, int]]:
    return {str(each.reference): (each.edge, each.depth) for each in done.suspects}


def _marks(stage: Stage, region: str, version: int) -> list[str]:
    """What a reader of a block is told of one of its versions."""
    session = stage.owner._opened()
    key = EntryKey(str(stage.task.namespace), region)
    found = session.read(statuses(session.reader, key, [version]))
    return [mark.status for mark in found.get(version, ())]


# --- what stands --------------------------------------------------------------------------------


def test_retraction_takes_out_the_line_and_puts_the_correction_there(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        stage.block("notes").append("after")
        done = writer.retract(f"{NOTES}@1#L2", replacement="corrected", reason="misread")
        assert stage.block("notes").read().text == "right\ncorrected\nafter"
        assert (str(done.by), done.versions, done.stood) == (f"{NOTES}@3", (1,), True)
        assert stage.block("notes").read_version(2).text == "right\nwrong\nafter", "the past stays"
        record = stage.block("notes").history(limit=1)[0]
        assert (record.operation, record.reason) == ("retract", "misread")
        assert stage.owner.audit().ok


def test_retraction_of_what_was_changed_since_leaves_what_others_wrote(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        stage.block("notes").replace("wrong", "less wrong", expect=1)
        done = writer.retract(f"{NOTES}@1#L2", replacement="corrected")
        assert not done.stood and stage.block("notes").read().text == "right\nless wrong"
        assert _suspects(done) == {f"{NOTES}@2": ("declared", 1)}, "an edit of it is built on it"


def test_dry_run_says_the_same_and_writes_nothing(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        stage.block("report").append("built", based_on=[f"{NOTES}@1"])
        before = stage.owner.position()
        seen = writer.retract(f"{NOTES}@1#L2", replacement="corrected", dry_run=True)
        assert seen.dry_run and stage.owner.position() == before, "a dry run wrote something"
        assert stage.block("notes").read().text == "right\nwrong"
        done = writer.retract(f"{NOTES}@1#L2", replacement="corrected")
        assert (done.suspects, done.told, done.total) == (seen.suspects, seen.told, seen.total)


def test_retraction_twice_changes_nothing_and_says_so(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        first = writer.retract(f"{NOTES}@1#L2")
        before = stage.owner.position()
        again = writer.retract(f"{NOTES}@1#L2", replacement="corrected")
        assert again.unchanged and again.by == first.by
        assert stage.owner.position() == before


def test_retraction_of_what_is_not_there_is_refused(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        before = stage.owner.position()
        refused(NotFound, lambda: writer.retract(f"{NOTES}@2"))
        refused(NotFound, lambda: writer.retract(f"{NOTES}@1#L3"))
        refused(NotFound, lambda: writer.retract(f"{REPORT}"))
        refused(InvalidInput, lambda: writer.retract(f"task/{TASK}:_contracts/notes"))
        assert stage.owner.position() == before


# --- who may ------------------------------------------------------------------------------------


def test_retraction_by_a_stranger_is_refused(harness: Harness) -> None:
    """Only its author and owners say that something was wrong; editors may supersede it."""
    with _written(harness) as (stage, _):
        analyst, before = stage.open(_ANALYST), stage.owner.position()
        error = refused(NotAuthor, lambda: analyst.retract(f"{NOTES}@1#L2"))
        assert getattr(error, "authors", None) == [_WRITER]
        stage.block("notes", analyst).append("of the analyst")
        refused(NotAuthor, lambda: analyst.retract(NOTES))
        refused(CommonplaceError, lambda: stage.open(_READER).supersede(NOTES, replacement="x"))
        assert stage.owner.position().revision == before.revision + 1, "only the analyst wrote"
        assert analyst.supersede(f"{NOTES}@1#L1", replacement="newer").versions == (1,)
        assert stage.owner.retract(f"{NOTES}@1#L2").actor == OWNER


# --- what was built on it -----------------------------------------------------------------------


def test_cascade_follows_what_records_declare(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        report = stage.block("report")
        report.append("on the wrong line", based_on=[f"{NOTES}@1#L2"])
        report.append("on the right line", based_on=[f"{NOTES}@1#L1"])
        report.append("on the first of these", based_on=[f"{REPORT}@1"])
        report.append("on all of the notes", based_on=[NOTES])
        done = writer.retract(f"{NOTES}@1#L2", inferred=False)
        assert _suspects(done) == {
            f"{REPORT}@1": ("declared", 1),
            f"{REPORT}@3": ("declared", 2),
            f"{REPORT}@4": ("declared", 1),
        }
        assert [_marks(stage, "report", version) for version in (1, 2)] == [["suspect"], []]


def test_cascade_infers_from_what_turns_were_served(harness: Harness) -> None:
    """A record of a turn that was shown the line, and what was built on that in turn."""
    with _written(harness) as (stage, writer):
        analyst = stage.open(_ANALYST)
        with analyst.turn() as turn:
            stage.block("report", analyst).append("before it read", turn=turn)
            turn.read(stage.block("notes", analyst))
            stage.block("report", analyst).append("after it read", turn=turn)
        with stage.owner.turn() as other:
            other.read(REPORT)
            stage.block("report").append("on the report", turn=other)
        done = writer.retract(f"{NOTES}@1#L2")
        assert _suspects(done) == {
            f"{REPORT}@2": ("inferred", 1),
            f"{REPORT}@3": ("inferred", 2),
        }
        assert _marks(stage, "report", 2) == ["suspect"]


def test_nothing_built_meanwhile_escapes(harness: Harness) -> None:
    """Whatever lands before the retraction is found by it; whatever lands after is seen to be."""
    with _written(harness) as (stage, writer):
        authors = [stage.open(_ANALYST) for _ in range(3)]
        stage.block("report").append("already there", based_on=[f"{NOTES}@1#L2"])

        def build(memory: Memory) -> None:
            for number in range(12):
                stage.block("report", memory).append(f"{number}", based_on=[f"{NOTES}@1#L2"])

        def retract() -> None:
            writer.retract(f"{NOTES}@1#L2")

        together(retract, *[partial(build, memory) for memory in authors])
        history = stage.block("report").history(limit=100)
        assert len(history) == 37
        for record in history:
            assert _marks(stage, "report", record.version) == ["suspect"], record.reference
        done = writer.retract(f"{NOTES}@1#L2")
        before = [record for record in history if record.revision < done.revision]
        assert done.unchanged and done.total == len(before), "one escaped the cascade"


def test_cascade_can_be_narrowed(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        stage.block("report").append("built", based_on=[f"{NOTES}@1"])
        stage.block("report").append("built", based_on=[f"{REPORT}@1"])
        assert writer.retract(f"{NOTES}@1", dry_run=True).total == 2
        assert writer.retract(f"{NOTES}@1", depth=1).total == 1


# --- who is told --------------------------------------------------------------------------------


def test_whoever_was_shown_it_is_told_at_the_next_turn_until_it_is_settled(
    harness: Harness,
) -> None:
    with _written(harness) as (stage, writer):
        reader, analyst = stage.open(_READER), stage.open(_ANALYST)
        with reader.turn() as turn:
            turn.read(NOTES)
        with analyst.turn() as blind:
            blind.read(REPORT)
        done = writer.retract(f"{NOTES}@1#L2", replacement="corrected", reason="misread")
        assert done.told == (_READER,)
        with analyst.turn() as after:
            assert after.notices == (), "it was shown nothing of it"
        with reader.turn() as after:
            assert after.notices, "nobody told it"
            (notice,) = after.notices
            assert (notice.text, notice.replacement) == ("wrong", "corrected")
            assert (notice.actor, notice.reason) == (_WRITER, "misread")
            assert notice.turns == (turn.id,)
        with reader.turn() as again:
            assert again.notices == (notice,), "it waits until it is settled"
            again.acknowledge(notice)
        with reader.turn() as last:
            assert last.notices == (), "it was acknowledged"


def test_turn_that_saw_it_only_before_or_after_is_not_told(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        reader, notes = stage.open(_READER), stage.block("notes")
        notes.append("first")
        with reader.turn() as before:
            before.read(NOTES)
        notes.append("wrong")
        notes.rewrite("something else", expect=2)
        with reader.turn() as after:
            after.read(NOTES)
        assert stage.owner.retract(f"{NOTES}@2").told == ()


# --- how others see it --------------------------------------------------------------------------


def test_watchers_and_conflicts_tell_of_a_retraction(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        head = stage.head
        writer.retract(f"{NOTES}@1#L2", replacement="corrected", reason="misread")
        ((change,),) = [
            commit.changes for commit in stage.commits(writer, after=head, upto=head + 1)
        ]
        assert (change.operation, change.reason, change.actor) == ("retract", "misread", _WRITER)
        notes = stage.block("notes", stage.open(_ANALYST))
        error = refused(VersionConflict, lambda: notes.replace("wrong", "x", expect=1))
        assert "retract" in str(error) and "misread" in str(error)
        assert _marks(stage, "notes", 1) == ["retracted"]


def test_supersession_makes_nothing_suspect_and_tells_nobody(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        reader = stage.open(_READER)
        with reader.turn() as turn:
            turn.read(NOTES)
        stage.block("report").append("built", based_on=[f"{NOTES}@1"])
        done = writer.supersede(f"{NOTES}@1", replacement="newer")
        assert (done.suspects, done.told) == ((), ())
        assert stage.block("notes").read().text == "newer"
        assert _marks(stage, "notes", 1) == ["superseded"]
        assert _marks(stage, "report", 1) == []
        with reader.turn() as after:
            assert after.notices == ()


def test_cascade_names_nothing_that_its_author_may_not_read(harness: Harness) -> None:
    with _written(harness) as (stage, writer):
        analyst = stage.open(_ANALYST)
        diary = analyst.namespace(Namespace.agent(_ANALYST)).create_block("diary")
        diary.append("so it is", based_on=[f"{NOTES}@1#L2"])
        stage.block("report").append("so it is", based_on=[f"{NOTES}@1#L2"])
        done = writer.retract(f"{NOTES}@1#L2")
        assert list(_suspects(done)) == [f"{REPORT}@1"]
        assert (done.total, done.hidden) == (2, 1)
        for record in (
            stage.block("notes", writer).history(limit=1)[0],
            writer.log(region="notes", limit=1)[0],
            writer.commit(done.revision).records[0],
        ):
            assert record.operation == "retract" and record.arguments is not None
            assert "diary" not in repr(record), "its record names it"


# --- all or nothing -----------------------------------------------------------------------------


def _has_retracted(worker: Worker) -> bool:
    return any("retracted" in message for message in worker.said)


def test_retraction_of_a_killed_process_is_there_whole_or_not_at_all(harness: Harness) -> None:
    """Killed at any moment; the audit makes what follows from each record again and compares."""
    needs_processes(harness)
    needs_durability(harness)
    seed = chosen_seed(5)
    rng = random.Random(seed)
    with staged(harness, "notes", "report", share={_WRITER: "editor"}) as stage, Crew() as crew:
        for life in range(_ROUNDS):
            worker = crew.hire(job(stage.address, _WRITER, "retract", life=life, seed=life))
            crew.ready(worker)
            crew.begin(worker)
            crew.wait(partial(_has_retracted, worker), "it is at work")
            crew.listen_for(rng.uniform(0.0, 0.05))
            crew.kill(worker)
        retractions = [each for each in stage.log() if each.operation == "retract"]
        assert retractions, f"seed {seed}: none landed"
        for record in retractions:
            (version,) = (record.arguments or {})["versions"]
            told = stage.owner.retract(record.reference.pinned(version), dry_run=True)
            assert told.unchanged and told.by == record.reference, f"seed {seed}"
            assert (told.total, told.told) == (1, (OWNER,)), f"seed {seed}: a part of it"
        report = stage.owner.audit()
        assert report.ok, (seed, report.findings)
        with stage.owner.turn() as turn:
            waiting = len(turn.notices) + turn.more_notices
        assert waiting == len(retractions), f"seed {seed}: a notice without its record"
