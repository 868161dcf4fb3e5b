"""Guarantee 12, as far as it reaches here: in `update`, nobody loses and nobody starves.

A ticket orders the updates of one entry and protects nothing: what protects is the version
that the closing write names. So a late, doubled or lost ticket costs a repeated call and
never an update, whatever any clock says.
"""

import contextlib
import time
from collections.abc import Callable

from commonplace.errors import NestedUpdate
from commonplace.testing.harness import Harness
from commonplace.testing.processes import Crew
from commonplace.testing.suite.participants import job
from commonplace.testing.suite.stage import TASK, needs_processes, refused, staged, together

_PATIENCE_S = 5.0


def test_concurrent_updates_all_count(harness: Harness) -> None:
    with staged(harness, "count") as stage:
        stage.block("count").append("0")

        def work() -> Callable[[], None]:
            count = stage.block("count", stage.open("owner"))

            def run() -> None:
                for _ in range(15):
                    count.update(lambda text: str(int(text) + 1))

            return run

        together(*(work() for _ in range(4)))
        assert stage.block("count").read().text == "60"
        assert stage.block("count").read().version == 61


def test_updates_are_called_one_at_a_time_in_order_of_arrival(harness: Harness) -> None:
    """The first thinks until three more stand in the queue; each arrives after the one before."""
    with staged(harness, "notes") as stage:
        called: list[int] = []
        thinks = False

        def update(number: int) -> None:
            def change(text: str) -> str:
                nonlocal thinks
                called.append(number)
                assert not thinks, "two updates think at once"
                thinks = True
                if number == 0:
                    _until(lambda: stage.queue("notes") == 4 or len(called) > 1)
                thinks = False
                return f"{text}\n{number}".lstrip("\n")

            _until(lambda: stage.queue("notes") == number)
            stage.block("notes").update(change)

        together(*(lambda number=number: update(number) for number in range(4)))
        assert called == [0, 1, 2, 3], "first come was not first served"
        assert stage.block("notes").read().text == "0\n1\n2\n3"


def _until(condition: Callable[[], bool]) -> None:
    """Look again and again until a condition holds."""
    until = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "the queue never came to stand as it should"
        time.sleep(0.001)


def test_late_update_overwrites_nothing(harness: Harness) -> None:
    """A plain write lands while an update thinks: the update is called again with it."""
    with staged(harness, "notes") as stage:
        stage.block("notes").append("one")
        seen: list[str] = []

        def change(text: str) -> str:
            seen.append(text)
            if len(seen) == 1:
                together(lambda: stage.block("notes").replace("one", "two"))
            return text + "!"

        stage.block("notes").update(change)
        assert seen == ["one", "two"]
        assert stage.block("notes").read().text == "two!"


def test_appends_go_on_beside_an_update(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stage.block("notes").append("title\nend")

        calls: list[str] = []

        def change(text: str) -> str:
            calls.append(text)
            together(lambda: stage.block("notes").append("appended meanwhile"))
            return text.replace("title", "Title")

        receipt = stage.block("notes").update(change)
        assert receipt.moved
        assert len(calls) == 1, "an append elsewhere made the update run again"
        assert stage.block("notes").read().text == "Title\nend\nappended meanwhile"


def test_update_that_fails_gives_its_place_back(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        stage.block("notes").append("0")
        before = stage.owner.position()
        with contextlib.suppress(ZeroDivisionError):
            stage.block("notes").update(lambda text: str(1 // 0))
        assert stage.owner.position() == before
        stage.block("notes").update(lambda text: "1")
        assert stage.block("notes").read().text == "1"


def test_nested_update_is_refused(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        notes.append("0")
        refused(NestedUpdate, lambda: notes.update(lambda text: str(notes.update(lambda t: "1"))))
        notes.update(lambda text: "2")
        assert notes.read().text == "2"


def test_updates_of_processes_all_count(harness: Harness) -> None:
    needs_processes(harness)
    with staged(harness, "count", share={"w": "editor"}) as stage, Crew() as crew:
        stage.block("count").append("0")
        workers = [
            crew.hire(job(stage.address, "w", "think", life=n, seed=n, count=10, think_s=0.001))
            for n in range(4)
        ]
        crew.ready(*workers)
        crew.begin(*workers)
        crew.finish(*workers)
        for worker in workers:
            assert not [said for said in worker.said if "failed" in said]
        assert stage.block("count").read().text == "40"
        versions = sorted(
            said["version"] for worker in workers for said in worker.said if "version" in said
        )
        assert versions == list(range(2, 42)), "a version was handed out twice, or never"
        assert TASK in str(stage.block("count").reference)
