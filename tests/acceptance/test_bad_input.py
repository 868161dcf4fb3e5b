"""What the faces refuse before anything is sent, each with words that say what to do."""

from collections.abc import Iterator

import pytest

import commonplace
from commonplace import Block, FutureRevision, InvalidInput, InvalidValue, Memory, Scope


@pytest.fixture
def memory() -> Iterator[Memory]:
    with commonplace.Memory(":memory:", actor="lead") as opened:
        yield opened


@pytest.fixture
def task(memory: Memory) -> Scope:
    return memory.create_task("q3")


@pytest.fixture
def block(task: Scope) -> Block:
    return task.create_block("findings")


def test_a_watch_option_that_does_not_exist_is_no_filter(task: Scope) -> None:
    with pytest.raises(TypeError, match="regoin"):
        task.watch(regoin="findings")  # type: ignore[call-arg]


def test_a_watch_from_a_revision_of_another_memory_says_so(task: Scope) -> None:
    with pytest.raises(FutureRevision) as error, task.watch(after=1_000) as watch:
        next(iter(watch))
    assert error.value.head == 2


@pytest.mark.parametrize("limit", [0, -1, True, "3"])
def test_a_limit_is_at_least_one(memory: Memory, block: Block, limit: int) -> None:
    with pytest.raises(InvalidValue):
        block.history(limit=limit)
    with pytest.raises(InvalidValue):
        memory.log(limit=limit)


def test_a_long_history_comes_whole_and_in_order(memory: Memory, block: Block) -> None:
    with memory.batch():
        for number in range(1_100):
            block.append(f"{number}")
    assert [record.version for record in block.history(limit=1_050)] == list(range(1_100, 50, -1))
    assert len(block.history(limit=5_000)) == 1_100
    assert [record.version for record in block.history(limit=2, before=600)] == [599, 598]


def test_creating_and_sharing_are_no_part_of_an_atomic_group(task: Scope, memory: Memory) -> None:
    for call in (
        lambda: task.create_block("inside"),
        lambda: task.share({"web-1": "reader"}),
        lambda: memory.create_task("q4"),
    ):
        with pytest.raises(InvalidInput, match="before"), memory.atomic():
            call()
    assert task.regions() == []
