"""Guarantee 2: commits are strictly serializable, and groups are atomic."""

import threading
from collections.abc import Callable

from commonplace import Receipt
from commonplace.errors import AnchorNotFound, VersionConflict
from commonplace.testing.checker import Log, check_log
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import landed, racing, refused, staged, together


def test_group_lands_as_one_revision(harness: Harness) -> None:
    with staged(harness, "left", "right") as stage:
        before = stage.head
        with stage.owner.atomic() as group:
            stage.block("left").append("one")
            stage.block("right").append("two")
            stage.block("left").append("three")
            assert stage.block("left").read().text == "", "it shows before it is committed"
        assert [receipt.revision for receipt in group.receipts] == [before + 1] * 3
        assert [receipt.index for receipt in group.receipts] == [0, 1, 2]
        assert stage.head == before + 1
        records = [record for record in stage.log() if record.revision == before + 1]
        assert [(r.entry.region, r.version) for r in records] == [
            ("left", 1), ("right", 1), ("left", 2)
        ]  # fmt: skip
        assert stage.block("left").read().text == "one\nthree"


def test_refused_write_takes_its_whole_group_along(harness: Harness) -> None:
    with staged(harness, "left", "right") as stage:
        stage.block("left").append("stands")
        before = stage.owner.position()

        def group() -> None:
            with stage.owner.atomic():
                stage.block("left").append("must not land")
                stage.block("right").replace("nowhere", "to be found")

        refused(AnchorNotFound, group)
        assert stage.owner.position() == before
        assert stage.block("left").read().text == "stands"
        assert stage.block("right").read().version == 0
        assert stage.owner.audit().ok


def test_group_left_by_an_error_writes_nothing(harness: Harness) -> None:
    with staged(harness, "left") as stage:
        before = stage.owner.position()
        try:
            with stage.owner.atomic():
                stage.block("left").append("must not land")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert stage.owner.position() == before
        stage.block("left").append("lands")
        assert stage.block("left").read().text == "lands"


def test_nobody_sees_half_a_group(harness: Harness) -> None:
    """Two blocks always get the same line in one commit: no snapshot tells them apart."""
    with staged(harness, "left", "right") as stage:
        done = threading.Event()

        def write() -> None:
            try:
                for number in range(60):
                    with stage.owner.atomic():
                        stage.block("left").append(f"line {number}")
                        stage.block("right").append(f"line {number}")
            finally:
                done.set()

        def read() -> int:
            looks = 0
            while not done.is_set() or not looks:
                task = stage.owner.at(stage.head).task("work")
                left, right = task.block("left").read(), task.block("right").read()
                assert left.text == right.text, f"half a group shows at revision {left.revision}"
                looks += 1
            return looks

        start = stage.head
        together(write, read, read)
        assert stage.block("left").read().version == 60
        for revision in range(start, stage.head + 1):
            task = stage.owner.at(revision).task("work")
            left, right = task.block("left").read(), task.block("right").read()
            assert left.text == right.text, f"half a group stands at revision {revision}"


def test_guard_that_no_longer_holds_refuses_the_commit(harness: Harness) -> None:
    with staged(harness, "premise", "conclusion") as stage:
        premise = stage.block("premise").append("churn fell")
        guard = (stage.block("premise").reference, premise.version)
        stage.block("conclusion").append("good", guards=(guard,))
        stage.block("premise").append("no, it rose")
        before = stage.owner.position()
        refused(
            VersionConflict, lambda: stage.block("conclusion").append("very good", guards=(guard,))
        )
        assert stage.owner.position() == before
        assert stage.block("conclusion").read().text == "good"


def test_guard_of_an_absent_entry_holds_until_it_appears(harness: Harness) -> None:
    with staged(harness, "flag", "log") as stage:
        guard = (stage.block("flag").reference, 0)
        stage.block("log").append("no flag yet", guards=(guard,))
        stage.block("flag").append("up")
        refused(VersionConflict, lambda: stage.block("log").append("still none", guards=(guard,)))


def test_write_skew_is_refused(harness: Harness) -> None:
    """Each of two commits guards what the other writes: serially only one can land."""
    with staged(harness, "left", "right") as stage:
        for number in range(8):
            versions = [stage.block(name).read().version for name in ("left", "right")]

            def leave(
                mine: str, other: str, version: int, number: int = number
            ) -> Callable[[], Receipt]:
                guard = (stage.block(other).reference, version)
                return lambda: stage.block(mine).append(f"off duty {number}", guards=(guard,))

            results = racing(
                leave("left", "right", versions[1]), leave("right", "left", versions[0])
            )
            assert len(landed(results)) == 1, "both landed, though each guarded against the other"


def test_commit_order_is_real_time_order(harness: Harness) -> None:
    """A write that begins after another was acknowledged has the higher revision, anywhere."""
    with staged(harness, *(f"block-{n}" for n in range(4))) as stage:
        newest = [0]
        mutex = threading.Lock()

        def work(name: str) -> Callable[[], None]:
            def run() -> None:
                for number in range(25):
                    with mutex:
                        known = newest[0]
                    receipt = stage.block(name).append(f"{number}")
                    assert receipt.revision > known, f"r{receipt.revision} after r{known}"
                    with mutex:
                        newest[0] = max(newest[0], receipt.revision)

            return run

        together(*(work(f"block-{n}") for n in range(4)))
        assert not check_log(Log.of(stage.log()))
