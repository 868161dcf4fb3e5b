"""Guarantee 6: an idempotency key makes a retry harmless."""

import time

from commonplace import limits
from commonplace.errors import AnchorNotFound, IdempotencyExpired, IdempotencyMismatch
from commonplace.storage.proposal import new_key
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import refused, staged, together


def test_retry_returns_the_first_receipt_and_writes_nothing(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        first = stage.block("notes").append("once", reason="why", idempotency_key="k-1")
        before = stage.owner.position()
        again = stage.block("notes").append("once", reason="why", idempotency_key="k-1")
        assert again.repeated and not first.repeated
        assert again.position == first.position
        assert (again.version, again.index) == (first.version, first.index)
        assert stage.owner.position() == before
        assert stage.block("notes").read().text == "once"


def test_retry_from_a_reopened_memory_finds_the_outcome(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        first = stage.block("notes").append("once", idempotency_key="k-1")
        stage.block("notes").append("between")
        again = stage.block("notes", stage.open("owner")).append("once", idempotency_key="k-1")
        assert again.repeated and again.revision == first.revision
        assert stage.block("notes").read().text == "once\nbetween"


def test_concurrent_retries_land_once(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        for number in range(10):
            memories = [stage.open("owner") for _ in range(3)]
            receipts = together(
                *(
                    lambda memory=memory, number=number: stage.block("notes", memory).append(
                        f"once {number}", idempotency_key=f"k-{number}"
                    )
                    for memory in memories
                )
            )
            assert len({receipt.revision for receipt in receipts}) == 1
            assert [receipt.repeated for receipt in receipts].count(False) == 1
        lines = stage.block("notes").read().text.split("\n")
        assert lines == [f"once {number}" for number in range(10)]


def test_key_with_another_body_is_refused(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        notes = stage.block("notes")
        notes.append("this", idempotency_key="k-1")
        before = stage.owner.position()
        for other in (
            lambda: notes.append("that", idempotency_key="k-1"),
            lambda: notes.append("this", reason="another", idempotency_key="k-1"),
            lambda: stage.block("other").append("this", idempotency_key="k-1"),
            lambda: notes.replace("this", "that", idempotency_key="k-1"),
        ):
            refused(IdempotencyMismatch, other)
        assert stage.owner.position() == before


def test_keys_of_different_actors_and_tenants_are_different_keys(harness: Harness) -> None:
    with staged(harness, "notes", share={"helper": "editor"}) as stage:
        stage.block("notes").append("mine", idempotency_key="k-1")
        helper = stage.open("helper")
        receipt = stage.block("notes", helper).append("theirs", idempotency_key="k-1")
        assert not receipt.repeated
        other = stage.open("owner", tenant="other")
        task = other.create_task("work")
        receipt = task.create_block("notes").append("elsewhere", idempotency_key="k-1")
        assert not receipt.repeated
        assert stage.block("notes").read().text == "mine\ntheirs"


def test_refused_request_may_be_tried_again_under_its_key(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        refused(AnchorNotFound, lambda: notes.replace("a", "b", idempotency_key="k-1"))
        notes.append("a")
        receipt = notes.replace("a", "b", idempotency_key="k-1")
        assert not receipt.repeated
        assert notes.read().text == "b"


def test_group_retries_as_a_group(harness: Harness) -> None:
    with staged(harness, "left", "right") as stage:

        def commit() -> tuple[int, ...]:
            with stage.owner.atomic(key="pair") as group:
                stage.block("left").append("l")
                stage.block("right").append("r")
            return tuple(receipt.revision for receipt in group.receipts)

        first = commit()
        assert commit() == first
        assert stage.block("left").read().text == "l"
        assert stage.block("right").read().text == "r"


def test_update_retried_under_its_key_counts_once(harness: Harness) -> None:
    """The retry may find its outcome or be refused; it may never count twice."""
    with staged(harness, "count") as stage:
        count = stage.block("count")
        count.append("0")
        first = count.update(lambda text: str(int(text) + 1), idempotency_key="k-1")
        again = count.update(lambda text: str(int(text) + 1), idempotency_key="k-1")
        assert count.read().text == "1"
        assert again.repeated and again.revision == first.revision


def test_retry_older_than_keys_live_is_refused(harness: Harness) -> None:
    """The library's keys carry their date: past their life nobody knows what became of them."""
    with staged(harness, "notes") as stage:
        now_us = time.time_ns() // 1000
        young = new_key(now_us - int((limits.IDEMPOTENCY_LIFE_S - 60) * 1e6), b"12345678")
        stage.block("notes").append("young", idempotency_key=young)
        old = new_key(now_us - int((limits.IDEMPOTENCY_LIFE_S + 60) * 1e6), b"12345678")
        before = stage.owner.position()
        refused(IdempotencyExpired, lambda: stage.block("notes").append("old", idempotency_key=old))
        assert stage.owner.position() == before
        assert stage.block("notes").read().text == "young"
