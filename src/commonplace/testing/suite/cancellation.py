"""Guarantee 8 on an event loop: a cancelled write says whether it may have been written."""

import asyncio
import random
from collections import Counter

from commonplace import AsyncMemory, Receipt
from commonplace.testing.harness import Harness
from commonplace.testing.suite.stage import TASK, needs_processes, staged

_SEED = 4
_TASKS = 60


def test_cancelled_writes_are_honest(harness: Harness) -> None:
    """Tasks append at once, and many are cancelled at any point of their way."""
    needs_processes(harness)  # the async face opens the memory by its address
    with staged(harness, "log", share={"w": "editor"}) as stage:
        for number in range(4):
            results = asyncio.run(_cancel_some(stage.address, number))
            written = Counter(stage.block("log").read().text.split("\n"))
            for line, result in results.items():
                notes = " ".join(getattr(result, "__notes__", ()))
                if isinstance(result, Receipt):
                    assert written[line] == 1, f"{line} was acknowledged"
                elif "Nothing was written" in notes:
                    assert written[line] == 0, f"{line}: {notes}"
                else:
                    assert isinstance(result, asyncio.CancelledError), f"{line}: {result!r}"
                    assert written[line] <= 1, f"{line} was written twice"
        assert stage.owner.audit().ok


async def _cancel_some(address: str, number: int) -> dict[str, object]:
    """Start many appends, cancel every other one sooner or later; how each ended."""
    rng = random.Random(f"{_SEED} {number}")
    async with AsyncMemory(address, actor="w") as memory:
        log = memory.task(TASK).block("log")

        async def append(line: str) -> object:
            try:
                return await log.append(line)
            except asyncio.CancelledError as error:
                return error  # it carries the note; what gather() gives would not

        lines = [f"line {number}-{n}" for n in range(_TASKS)]
        tasks = [asyncio.create_task(append(line)) for line in lines]
        for task in rng.sample(tasks, _TASKS // 2):
            await asyncio.sleep(rng.choice((0, 0, 0, 0.0005)))
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    return dict(zip(lines, results, strict=True))


def test_async_face_keeps_what_the_sync_one_promises(harness: Harness) -> None:
    """Updates and appends of many tasks on one loop all count."""
    needs_processes(harness)
    with staged(harness, "log", "count", share={"w": "editor"}) as stage:
        stage.block("count").append("0")

        async def work() -> None:
            async with AsyncMemory(stage.address, actor="w") as memory:
                task = memory.task(TASK)

                async def add(text: str) -> str:
                    await asyncio.sleep(0)
                    return str(int(text) + 1)

                await asyncio.gather(
                    *(task.block("count").update(add) for _ in range(20)),
                    *(task.block("log").append(f"line {n}") for n in range(40)),
                )

        asyncio.run(work())
        assert stage.block("count").read().text == "20"
        assert sorted(stage.block("log").read().text.split("\n")) == sorted(
            f"line {n}" for n in range(40)
        )
