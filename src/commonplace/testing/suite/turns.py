"""Turns: a pinned view, writes made against it, and a record of what was served."""

import pickle
from collections.abc import Callable

from commonplace import Entry, Memory, Namespace, Receipt, Turn
from commonplace.errors import (
    AccessDenied,
    ExpectRequired,
    ForeignTurn,
    FutureRevision,
    IdempotencyMismatch,
    InvalidInput,
    StaleTurn,
    TurnEnded,
    VersionConflict,
)
from commonplace.storage.programs import provenance
from commonplace.storage.programs.provenance import Served
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import OWNER, Stage, refused, staged

_WORKER = "worker"
_SHARE = {_WORKER: "editor"}


def _served(memory: Memory, turn: Turn) -> list[Served]:
    """What the derived table says that a turn was served."""
    session = memory._opened()
    program = provenance.served_of_turn(session.reader, turn.id)
    return session.read(program).seen


def _records(memory: Memory, actor: str) -> list[str]:
    """The turns that an actor's records of what it was served tell of, oldest first."""
    found = memory.log(Namespace.agent(actor), region="_served", limit=100)
    return [str((record.arguments or {})["turn"]) for record in reversed(found)]


def _written(harness: Harness, work: Callable[[Stage, Memory, Turn], None]) -> None:
    """Run `work` in a turn of the worker over two blocks that the owner wrote."""
    with staged(harness, "notes", "plan", share=_SHARE) as stage:
        stage.block("notes").append("alpha\nbeta\ngamma")
        stage.block("plan").append("crawl")
        worker = stage.open(_WORKER)
        with worker.turn() as turn:
            work(stage, worker, turn)


def test_turn_reads_one_revision_whatever_others_write(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        before = turn.read(stage.block("notes", worker))
        stage.block("notes").append("delta")
        stage.block("plan").append("read")
        assert turn.read(stage.block("notes", worker)) == before
        assert turn.read("task/work:plan").text == "crawl", "it reads what came after its pin"
        assert stage.block("plan", worker).read().text == "crawl\nread"

    _written(harness, work)


def test_turn_sees_its_own_writes_and_marks_them(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        notes = stage.block("notes", worker)
        notes.append("mine", turn=turn)
        seen = turn.read(notes)
        assert (seen.text, seen.version, seen.own_versions) == ("alpha\nbeta\ngamma\nmine", 2, (2,))
        stage.block("notes").append("theirs")
        stage.block("notes").replace("beta", "BETA")
        notes.replace("gamma", "Gamma", turn=turn)
        seen = turn.read(notes)
        assert seen.text == "alpha\nbeta\nGamma\nmine", "own writes in the pinned view, no others"
        assert seen.own_versions == (2, 5)
        assert [line.text for line in seen.lines if line.version in seen.own_versions] == [
            "Gamma",
            "mine",
        ]
        assert notes.read().text == "alpha\nBETA\nGamma\nmine\ntheirs"

    _written(harness, work)


def test_turn_conflicts_only_with_what_others_did_to_its_lines(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        owners, workers = stage.block("notes"), stage.block("notes", worker)
        owners.replace("beta", "beta and more")
        owners.append("delta")
        receipt = workers.replace("gamma", "GAMMA", turn=turn)
        assert receipt.moved, "others wrote since the pin, and the receipt does not say so"
        assert workers.append("epsilon", turn=turn).version == 5
        # The line was made by another agent after the pin, although its text can be quoted.
        error = refused(VersionConflict, lambda: workers.replace("beta", "x", turn=turn))
        assert error.current.version == 5
        assert owners.read().text == "alpha\nbeta and more\nGAMMA\ndelta\nepsilon"

    _written(harness, work)


def test_turn_does_not_conflict_with_itself(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        notes = stage.block("notes", worker)
        notes.replace("beta", "one", turn=turn)
        assert turn.read(notes).own_versions == (2,)
        assert not notes.replace("one", "two", turn=turn).moved
        with worker.atomic() as group:
            notes.replace("two", "three", turn=turn)
            notes.replace("three", "four", turn=turn)
        assert len(group.receipts) == 2
        assert notes.read().text == turn.read(notes).text == "alpha\nfour\ngamma"

    _written(harness, work)


def test_rewrite_in_a_turn_needs_that_nobody_else_wrote(harness: Harness) -> None:
    with staged(harness, "plan", share={_WORKER: "owner"}) as stage:
        stage.block("plan").append("crawl")
        plan = stage.block("plan", stage.open(_WORKER))
        refused(ExpectRequired, lambda: plan.rewrite("blind"))
        with stage.open(_WORKER).turn() as foreign:
            refused(ForeignTurn, lambda: plan.rewrite("by another memory", turn=foreign))
        worker = stage.open(_WORKER)
        plan = stage.block("plan", worker)
        with worker.turn() as turn:
            plan.append("read", turn=turn)
            assert plan.rewrite("crawl, read", turn=turn).version == 3
            stage.block("plan").append("answer")
            refused(VersionConflict, lambda: plan.rewrite("crawl", turn=turn))
        assert plan.read().text == "crawl, read\nanswer"


def test_what_a_turn_was_served_is_recorded_with_its_first_write(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        notes, plan = stage.block("notes", worker), stage.block("plan", worker)
        turn.read(notes)
        turn.read(notes)
        assert not _served(worker, turn), "served rows before any record of the turn"
        receipt = notes.append("mine", turn=turn)
        served = _served(worker, turn)
        assert len(served) == 1, "what it was served was not recorded with its write, once"
        passage = served[0]
        assert (passage.entry.region, passage.version, passage.revision) == (
            "notes",
            1,
            receipt.revision,
        )
        assert (passage.actor, passage.turn, passage.pin) == (_WORKER, turn.id, turn.revision)
        (record,) = stage.owner.log(stage.task.namespace, limit=1)
        assert (record.turn, record.actor.name) == (turn.id, _WORKER)
        turn.read(plan)
        plan.append("also mine", turn=turn)
        assert [each.entry.region for each in _served(worker, turn)] == ["notes", "plan"]
        assert stage.owner.audit().ok

    _written(harness, work)


def test_what_a_turn_was_served_is_recorded_at_a_fence_and_at_its_end(harness: Harness) -> None:
    with staged(harness, "notes", "plan", share=_SHARE) as stage:
        stage.block("notes").append("alpha")
        worker = stage.open(_WORKER)
        with worker.turn() as turn:
            turn.read("task/work:notes")
            turn.fence()
            assert len(_served(worker, turn)) == 1
            turn.read("task/work:plan")
        assert [(each.entry.region, each.version) for each in _served(worker, turn)] == [
            ("notes", 1),
            ("plan", 0),
        ]
        before = stage.head
        turn.end()
        assert stage.head == before, "ending twice told twice"
        with worker.turn() as idle:
            idle.fence()
        assert stage.head == before, "a turn that neither read nor wrote has nothing to tell"
        assert _records(worker, _WORKER) == [turn.id, turn.id]


def test_a_denied_read_is_not_served(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        stage.task.create_block("secret")
        stranger = stage.open("stranger")
        with stranger.turn() as turn:
            refused(AccessDenied, lambda: turn.read("task/work:secret"))
        assert not _served(stage.owner, turn)


def test_fence_raises_when_what_was_served_has_changed(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        turn.read("task/work:notes")
        stage.block("plan").append("not served to it")
        stage.block("notes", worker).append("mine", turn=turn)
        turn.fence()
        stage.block("notes").append("theirs", reason="meanwhile")
        error = refused(StaleTurn, turn.fence)
        assert [(each.actor, each.reason) for each in error.changes] == [(OWNER, "meanwhile")]

    _written(harness, work)


def test_commit_unless_changed_depends_on_all_that_was_served(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        plan = stage.block("plan", worker)
        turn.read("task/work:notes")
        turn.read(plan)
        plan.append("one", turn=turn, unless_changed=turn)
        stage.block("notes").append("theirs")
        refused(StaleTurn, lambda: plan.append("two", unless_changed=turn))
        refused(StaleTurn, lambda: plan.append("two", turn=turn, unless_changed=turn))

        def group() -> None:
            with worker.atomic(unless_changed=turn):
                plan.append("three")
                plan.append("four")

        refused(StaleTurn, group)
        assert plan.read().text == "crawl\none", "a commit landed on something that had changed"
        plan.append("five", turn=turn)

    _written(harness, work)


def test_turns_join_a_pin(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        notes = stage.block("notes")
        notes.append("alpha")
        with stage.owner.turn() as lead:
            notes.append("beta")
            worker = stage.open(_WORKER)
            with worker.turn(at=lead.revision) as joined:
                assert joined.revision == lead.revision
                assert joined.read("task/work:notes").text == "alpha"
                assert joined.id != lead.id
        ahead = stage.head + 100
        refused(FutureRevision, lambda: worker.turn(at=ahead).begin())


def test_a_turn_is_over_when_it_ended(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        notes = stage.block("notes")
        turn = stage.owner.turn()
        refused(TurnEnded, lambda: turn.read(notes))
        with turn:
            turn.read(notes)
        before = stage.head
        calls: tuple[Callable[[], object], ...] = (
            lambda: turn.read(notes),
            turn.fence,
            turn.begin,
            lambda: notes.append("late", turn=turn),
            lambda: notes.append("late", unless_changed=turn),
        )
        for call in calls:
            refused(TurnEnded, call)
        assert stage.head == before, "a turn that had ended wrote something"


def test_a_turn_stays_with_its_memory_and_process(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        worker = stage.open(_WORKER)
        with stage.owner.turn() as turn:
            before = stage.head
            refused(ForeignTurn, lambda: stage.block("notes", worker).append("x", turn=turn))
            refused(ForeignTurn, lambda: turn.read(stage.block("notes", worker)))
            refused(ForeignTurn, lambda: pickle.dumps(turn))
            assert stage.head == before


def test_one_commit_is_of_one_turn(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        with stage.owner.turn() as one, stage.owner.turn() as two:

            def both() -> None:
                with stage.owner.atomic():
                    notes.append("a", turn=one)
                    notes.append("b", turn=two)

            refused(InvalidInput, both)
            assert not notes.read().exists


def test_a_retry_in_a_turn_lands_once(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        notes = stage.block("notes", worker)
        turn.read(notes)
        first: Receipt = notes.append("mine", turn=turn, idempotency_key="k")
        turn.read("task/work:plan")
        again = notes.append("mine", turn=turn, idempotency_key="k")
        assert again.repeated and again.position == first.position
        with worker.turn() as later:
            assert notes.append("mine", turn=later, idempotency_key="k").repeated
            refused(
                IdempotencyMismatch,
                lambda: notes.append("other", turn=later, idempotency_key="k"),
            )
        assert notes.read().text == "alpha\nbeta\ngamma\nmine"

    _written(harness, work)


def test_what_a_turn_was_refused_is_recorded(harness: Harness) -> None:
    with staged(harness, "notes", share=_SHARE) as stage:
        stage.block("notes").append("alpha")
        worker = stage.open(_WORKER)
        notes = stage.block("notes", worker)
        with worker.turn() as turn:
            stage.block("notes").replace("alpha", "ALPHA")
            refused(VersionConflict, lambda: notes.replace("ALPHA", "x", turn=turn))
        (record,) = worker.log(Namespace.agent(_WORKER), region="_served", limit=1)
        ((code, *place, operation, _),) = (record.arguments or {})["refused"]
        assert (code, place, operation) == (
            "version_conflict",
            ["task/work", "notes", ""],
            "replace",
        )


def test_an_update_in_a_turn_is_made_on_the_head_and_told(harness: Harness) -> None:
    def work(stage: Stage, worker: Memory, turn: Turn) -> None:
        notes = stage.block("notes", worker)
        stage.block("notes").append("delta")
        seen: list[str] = []

        def louder(text: str) -> str:
            seen.append(text)
            return text.replace("delta", "DELTA")

        notes.update(louder, turn=turn)
        assert seen == ["alpha\nbeta\ngamma\ndelta"]
        assert [(each.version, each.turn) for each in _served(worker, turn)] == [(2, turn.id)]
        last: Entry = notes.read()
        assert last.text == "alpha\nbeta\ngamma\nDELTA"

    _written(harness, work)
