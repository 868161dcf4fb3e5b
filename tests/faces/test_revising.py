"""retract and supersede on both faces."""

import asyncio

import pytest

from commonplace import AsyncMemory, InvalidInput, Memory, Retraction


def test_async_and_sync_say_the_same() -> None:
    async def run() -> tuple[Retraction, Retraction, Retraction]:
        async with AsyncMemory(":memory:", actor="lead") as memory:
            block = await (await memory.create_task("q3")).create_block("findings")
            await block.append("wrong")
            await block.append("built", based_on=["task/q3:findings@1"])
            seen = await memory.retract("task/q3:findings@1", dry_run=True)
            done = await memory.retract(block.reference.pinned(1), replacement="right")
            newer = await memory.supersede("task/q3:findings@3", replacement="newer")
            assert (await block.read()).text == "newer\nbuilt"
            return seen, done, newer

    with Memory(":memory:", actor="lead") as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("wrong")
        block.append("built", based_on=["task/q3:findings@1"])
        seen = memory.retract("task/q3:findings@1", dry_run=True)
        done = memory.retract(block.reference.pinned(1), replacement="right")
        newer = memory.supersede("task/q3:findings@3", replacement="newer")
    assert asyncio.run(run()) == (seen, done, newer)
    assert seen.dry_run and seen.suspects == done.suspects
    assert [str(each.reference) for each in done.suspects] == ["task/q3:findings@2"]


def test_it_takes_a_reference(memory_of_one: Memory) -> None:
    for wrong in ("findings@1", 7, None):
        with pytest.raises(InvalidInput):
            memory_of_one.retract(wrong)


@pytest.fixture
def memory_of_one():
    with Memory(":memory:", actor="lead") as memory:
        yield memory
