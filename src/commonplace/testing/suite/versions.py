"""Guarantee 1: linearizable compare-and-set per entry, and no ABA through delete."""

import random
from collections.abc import Callable, Mapping

from commonplace import Block, Receipt
from commonplace.errors import Deleted, VersionConflict
from commonplace.testing.checker import check
from commonplace.testing.harness import Harness
from commonplace.testing.history import History
from commonplace.testing.processes import Crew
from commonplace.testing.replay import texts_of
from commonplace.testing.suite.participants import job
from commonplace.testing.suite.stage import (
    landed,
    needs_processes,
    racing,
    refused,
    staged,
    together,
)

_SEED = 20_261
_EACH = 60


def test_of_writers_with_one_expected_version_one_lands(harness: Harness) -> None:
    with staged(harness, "plan") as stage:
        stage.block("plan").append("start")
        for round_number in range(1, 6):

            def attempt(writer: int, expect: int = round_number) -> Callable[[], Receipt]:
                return lambda: stage.block("plan").rewrite(f"by {writer}", expect=expect)

            results = racing(*(attempt(writer) for writer in range(6)))
            assert len(landed(results)) == 1, f"{len(landed(results))} of 6 landed on one version"
            losers = [result for result in results if not isinstance(result, Receipt)]
            assert all(isinstance(each, VersionConflict) for each in losers)
            assert stage.block("plan").read().version == round_number + 1


def test_of_processes_with_one_expected_version_one_lands(harness: Harness) -> None:
    """Several processes compare and set, this one among them: each version is given out once.

    That revisions have no gaps shows nothing: who waits for the right to write may be told where
    the log ends, and compare with what stood before the wait.
    """
    needs_processes(harness)
    with staged(harness, "plan", share={"w": "owner"}) as stage, Crew() as crew:
        stage.block("plan").append("start")
        workers = [
            crew.hire(
                job(stage.address, "w", "write", life=n, seed=n, calls=["rewrite"], count=_EACH)
            )
            for n in range(2)
        ]
        crew.ready(*workers)
        crew.begin(*workers)
        history, plan = History(), stage.block("plan")
        for number in range(_EACH):
            read = history.record("owner", "read", "task/work:plan", plan.read)
            key = f"owner-{number}"
            history.record(
                "owner", "rewrite", "task/work:plan",
                lambda key=key, at=read.version: plan.rewrite(  # type: ignore[misc]
                    f"by {key}", expect=at, idempotency_key=key
                ),
                key=key, expect=read.version,
            )  # fmt: skip
        crew.wait(lambda: all(len(each.events) == _EACH for each in workers), "all is written")
        crew.finish(*workers)
        violations = check(stage.log(), [*history.events, *crew.events], texts_of)
        assert not violations, "\n".join(violations[:10])


def test_conflict_carries_what_stands_and_what_happened(harness: Harness) -> None:
    with staged(harness, "plan") as stage:
        plan = stage.block("plan")
        read = plan.append("first").version
        plan.append("second", reason="meanwhile")
        error = refused(VersionConflict, lambda: plan.replace("first", "1st", expect=read))
        assert error.current.text == "first\nsecond"
        assert error.current.version == 2
        assert [(c.old_version, c.new_version, c.operation) for c in error.changes] == [
            (1, 2, "append")
        ]
        assert plan.read().text == "first\nsecond"


def test_versions_go_on_through_delete_and_recreate(harness: Harness) -> None:
    with staged(harness, "plan") as stage:
        plan = stage.block("plan")
        read = plan.append("first life").version
        deleted = plan.delete(expect=read)
        assert deleted.version == 2
        refused(Deleted, lambda: plan.append("on a grave"))
        reborn = plan.rewrite("second life", expect=0)
        assert reborn.version == 3, "the version restarted"
        # Whoever read the first life must not be taken for a reader of the second.
        refused(VersionConflict, lambda: plan.rewrite("stale", expect=read))
        assert plan.read().text == "second life"


def test_expecting_nothing_is_refused_where_there_is_something(harness: Harness) -> None:
    with staged(harness, "plan") as stage:
        plan = stage.block("plan")
        assert plan.rewrite("mine", expect=0).version == 1
        refused(VersionConflict, lambda: plan.rewrite("mine too", expect=0))
        assert plan.read().text == "mine"


def test_a_text_that_came_back_is_still_another_version(harness: Harness) -> None:
    with staged(harness, "plan") as stage:
        plan = stage.block("plan")
        read = plan.append("a").version
        plan.rewrite("b", expect=1)
        plan.rewrite("a", expect=2)
        refused(VersionConflict, lambda: plan.rewrite("c", expect=read))


def test_replace_lands_while_its_lines_are_untouched(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        read = notes.append("alpha\nbeta\ngamma").version
        notes.insert("before it", after=0, expect=read)
        moved = notes.replace("beta", "BETA", base=read)
        assert moved.moved, "the receipt does not say that others changed the entry"
        refused(VersionConflict, lambda: notes.replace("BETA", "Beta", base=read))
        refused(VersionConflict, lambda: notes.replace("alpha", "ALPHA", expect=read))
        assert notes.read().text == "before it\nalpha\nBETA\ngamma"


def test_condense_keeps_what_came_after(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        notes.append("one\ntwo")
        read = notes.append("three").version
        notes.append("four")
        notes.replace("two", "TWO")
        receipt = notes.condense("summary", through=read)
        assert receipt.moved
        assert notes.read().text == "summary\nTWO\nfour"
        refused(VersionConflict, lambda: notes.condense("x", through=receipt.version + 1))


def test_concurrent_history_is_linearizable(harness: Harness) -> None:
    """Threads append, compare-and-set, update and read; the log must explain every answer."""
    with staged(harness, "log", "board", "count") as stage:
        stage.block("log").append("begin")
        stage.block("board").append("a 0\nb 0")
        stage.block("count").append("0")
        history = History()

        def work(client: str) -> Callable[[], None]:
            rng = random.Random(f"{_SEED} {client}")
            memory = stage.open(client)
            stage.task.share({client: "owner"})
            blocks = {name: stage.block(name, memory) for name in ("log", "board", "count")}

            def run() -> None:
                for number in range(25):
                    _one_call(rng, history, blocks, client, f"{client}-{number}")

            return run

        workers = [work(f"client-{n}") for n in range(4)]
        together(*workers)
        violations = check(stage.log(), history.events, texts_of)
        assert not violations, f"seed {_SEED}:\n" + "\n".join(violations[:10])


def _one_call(
    rng: random.Random, history: History, blocks: Mapping[str, Block], client: str, key: str
) -> None:
    name = rng.choice(("log", "board", "board", "count", "read", "read"))
    if name == "read":
        name = rng.choice(("log", "board", "count"))
        history.record(client, "read", f"task/work:{name}", blocks[name].read)
        return
    face, entry = blocks[name], f"task/work:{name}"
    if name == "log":
        history.record(
            client, "append", entry,
            lambda: face.append(f"line {key}", idempotency_key=key), key=key,
        )  # fmt: skip
    elif name == "count":
        history.record(
            client, "update", entry,
            lambda: face.update(lambda text: str(int(text) + 1), idempotency_key=key), key=key,
        )  # fmt: skip
    else:
        read = history.record(client, "read", entry, face.read)
        line = rng.choice((read.text or "").split("\n"))
        history.record(
            client, "replace", entry,
            lambda: face.replace(
                line, f"{line[:1]} {key}", expect=read.version, idempotency_key=key
            ),
            key=key, expect=read.version,
        )  # fmt: skip
