"""Guarantee 5: a watch is ordered, unique, gapless, atomic per revision, and resumable."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from commonplace.errors import Compacted
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import TASK, refused, staged, together

_TIMEOUT_S = 30.0


def test_watch_delivers_every_commit_in_order_and_once(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        start = stage.head
        for number in range(20):
            stage.block("notes" if number % 2 else "other").append(f"line {number}")
        commits = stage.commits(stage.owner, after=start, upto=stage.head)
        assert [commit.revision for commit in commits] == list(range(start + 1, start + 21))
        for number, commit in enumerate(commits):
            assert len(commit.changes) == 1
            change = commit.changes[0]
            assert change.operation == "append"
            assert change.reference.region == ("notes" if number % 2 else "other")
            assert change.new_version == change.old_version + 1 == number // 2 + 1


def test_watch_beside_writers_misses_and_repeats_nothing(harness: Harness) -> None:
    with staged(harness, *(f"block-{n}" for n in range(4))) as stage:
        start = stage.head

        def write(name: str) -> Callable[[], None]:
            memory = stage.open("owner")

            def run() -> None:
                for number in range(30):
                    stage.block(name, memory).append(f"line {number}")

            return run

        def follow() -> list[int]:
            watcher = stage.open("owner")
            commits = stage.commits(watcher, after=start, upto=start + 120)
            return [commit.revision for commit in commits]

        writers = [write(f"block-{n}") for n in range(4)]
        *_, first, second = together(*writers, follow, follow)
        assert first == list(range(start + 1, start + 121)), "revisions skipped, twice or unordered"
        assert second == first


def test_watch_delivers_a_group_whole(harness: Harness) -> None:
    with staged(harness, "left", "right") as stage:
        start = stage.head
        for _ in range(5):
            with stage.owner.atomic():
                stage.block("left").append("l")
                stage.block("right").append("r")
                stage.block("left").append("l")
        commits = stage.commits(stage.owner, after=start, upto=stage.head)
        assert [commit.revision for commit in commits] == list(range(start + 1, start + 6))
        for commit in commits:
            assert [c.reference.region for c in commit.changes] == ["left", "right", "left"]


def test_watch_resumes_from_any_revision(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        start = stage.head
        for number in range(15):
            stage.block("notes").append(f"line {number}")
        whole = stage.commits(stage.owner, after=start, upto=stage.head)
        for after in range(start, stage.head):
            resumed = stage.commits(stage.owner, after=after, upto=stage.head)
            assert resumed == whole[after - start :], f"resumed after {after}"


def test_watch_from_now_sees_only_what_follows(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stage.block("notes").append("before")
        with stage.owner.watch(stage.task.namespace, timeout_s=_TIMEOUT_S) as watch:
            receipt = stage.block("notes").append("after")
            commit = next(watch)
        assert commit.revision == receipt.revision


def test_progress_marks_say_how_far_the_log_was_read(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        start = stage.head
        receipt = stage.block("other").append("not what is watched")
        with contextlib.closing(
            stage.owner.watch(stage.task.namespace, after=start, region="notes", progress_s=0.01)
        ) as watch:
            marks = [next(watch) for _ in range(3)]
        assert not any(mark.changes for mark in marks)
        assert marks[-1].revision == receipt.revision


def test_watch_filters_before_it_delivers(harness: Harness) -> None:
    with staged(harness, "notes", "other", share={"helper": "editor"}) as stage:
        helper, start = stage.open("helper"), stage.head
        stage.block("notes").append("a")
        stage.block("other").append("b")
        stage.block("notes", helper).append("c")
        stage.block("notes").replace("a", "A")

        def seen(**filters: str) -> list[str]:
            commits = stage.commits(stage.owner, after=start, upto=stage.head, **filters)
            return [
                f"{c.reference.region} {c.operation} {c.actor}" for n in commits for c in n.changes
            ]

        assert seen(region="other") == ["other append owner"]
        assert seen(operation="replace") == ["notes replace owner"]
        assert seen(actor="helper") == ["notes append helper"]
        assert len(seen()) == 4


def test_slow_watch_catches_up_from_the_log(harness: Harness) -> None:
    """A consumer that stands still while thousands are written misses nothing afterwards."""
    with staged(harness, "notes") as stage:
        start = stage.head
        with stage.owner.watch(stage.task.namespace, after=start, timeout_s=_TIMEOUT_S) as watch:
            stage.block("notes").append("first")
            assert next(watch).revision == start + 1
            for number in range(700):
                stage.block("notes").append(f"{number}")
            revisions = [next(watch).revision for _ in range(700)]
        assert revisions == list(range(start + 2, start + 702))


def test_watch_outlives_a_compaction_and_an_archive_says_so(harness: Harness) -> None:
    """Headers survive compaction, so a watch skips nothing; what was archived is not there."""
    with staged(harness, "notes") as stage, TemporaryDirectory() as folder:
        start = stage.head
        for number in range(10):
            stage.block("notes").append(f"line {number}")
        floor = start + 5
        stage.owner.compact(floor)
        commits = stage.commits(stage.owner, after=start, upto=start + 10)
        assert [commit.revision for commit in commits] == list(range(start + 1, start + 11))
        stage.owner.archive(Path(folder) / "old.ndjson", through=floor)

        def watch() -> None:
            with stage.owner.watch(stage.owner.task(TASK).namespace, after=start) as commits:
                next(commits)

        refused(Compacted, watch)
        commits = stage.commits(stage.owner, after=floor, upto=start + 10)
        assert [commit.revision for commit in commits] == list(range(floor + 1, start + 11))


def test_named_cursor_goes_on_and_skips_nothing(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        start = stage.head

        def write(count: int) -> None:
            for _ in range(count):
                stage.block("notes").append("line")

        def take(count: int | None = None) -> list[int]:
            with stage.owner.watch(
                stage.task.namespace, after=start, cursor="desk", timeout_s=0
            ) as watch:
                commits = list(watch) if count is None else [next(watch) for _ in range(count)]
            return [commit.changes[0].new_version for commit in commits]

        write(6)
        assert take() == [1, 2, 3, 4, 5, 6]
        write(4)
        # This reader dies over the third: what it had not finished comes again.
        assert take(3) == [7, 8, 9]
        again = take()
        assert again == list(range(again[0], 11))
        assert again[0] in {7, 8, 9}, "a commit was skipped, or a finished reader's repeated"
        assert take() == []


def test_group_gives_each_commit_to_one_member(harness: Harness) -> None:
    with staged(harness, "notes", share={"a": "owner", "b": "owner"}) as stage:
        start = stage.head
        for number in range(20):
            stage.block("notes").append(f"line {number}")

        def member(name: str) -> Callable[[], list[int]]:
            memory = stage.open(name)

            def run() -> list[int]:
                with memory.watch(
                    memory.task(TASK).namespace, after=start, group="desks", timeout_s=0.5
                ) as watch:
                    return [c.new_version for commit in watch for c in commit.changes
                            if c.operation == "append"]  # fmt: skip

            return run

        shares = together(member("a"), member("b"))
        taken = sorted(version for share in shares for version in share)
        assert taken == list(range(1, 21)), "a commit went to nobody, or to two"
