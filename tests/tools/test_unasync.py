import ast
from pathlib import Path

import pytest

import unasync

ASYNC = '''"""The async face: ``await block.append(...)``, ``async with AsyncMemory(...)``."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from commonplace._async.block import AsyncBlock as _AsyncBlock


class AsyncMemory:
    async def __aenter__(self) -> "AsyncMemory":
        await self._lane.start()  # await nothing else
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    def watch(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        if not (numbers := [n async for n in self.numbers() if await n.ready()]):
            raise StopAsyncIteration
        async with self.turn() as turn:
            async for n in aiter(turn):
                print(f"{{n}} is {await n.text()}")
        return (await self.first()).value if True else \\
            0
'''

SYNC = '''"""The sync face: ``block.append(...)``, ``with Memory(...)``."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from commonplace._sync.block import Block as _Block


class Memory:
    def __enter__(self) -> "Memory":
        self._lane.start()  # nothing else
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def watch(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        if not (numbers := [n for n in self.numbers() if n.ready()]):
            raise StopIteration
        with self.turn() as turn:
            for n in iter(turn):
                print(f"{{n}} is {n.text()}")
        return (self.first()).value if True else \\
            0
'''


def test_an_async_module_becomes_its_sync_twin() -> None:
    assert unasync.rewrite(ASYNC) == SYNC
    ast.parse(SYNC)


def test_rewriting_twice_changes_nothing_more() -> None:
    assert unasync.rewrite(SYNC) == SYNC


@pytest.mark.parametrize(
    "name", ["asyncio", "Asynchrony", "Asyncx", "is_async", "awaited", "close"]
)
def test_names_that_only_look_alike_are_kept(name: str) -> None:
    assert unasync.rewrite(f"{name}\n") == f"{name}\n"


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """An `_async` with one module and an empty `_sync`, and a generator that does not format."""
    source, target = tmp_path / "_async", tmp_path / "_sync"
    source.mkdir()
    target.mkdir()
    (source / "block.py").write_text("async def read() -> None: ...\n")
    monkeypatch.setattr(unasync, "ROOT", tmp_path)
    monkeypatch.setattr(unasync, "SOURCE", source)
    monkeypatch.setattr(unasync, "TARGET", target)
    monkeypatch.setattr(unasync, "generate", lambda path: "# due: " + path.read_text())
    return source, target


def test_check_fails_until_the_files_are_generated(rooms: tuple[Path, Path]) -> None:
    source, target = rooms
    assert unasync.main(["--check"]) == 1
    assert not (target / "block.py").exists()
    assert unasync.main([]) == 0
    assert unasync.main(["--check"]) == 0
    (source / "block.py").write_text("async def read() -> int: ...\n")
    assert unasync.main(["--check"]) == 1


def test_a_generated_file_without_a_source_is_removed(rooms: tuple[Path, Path]) -> None:
    stale = rooms[1] / "gone.py"
    stale.write_text(unasync.HEADER.format(name="gone.py"))
    assert unasync.main(["--check"]) == 1
    unasync.main([])
    assert not stale.exists()


def test_a_file_written_by_hand_is_reported_and_never_removed(rooms: tuple[Path, Path]) -> None:
    handmade = rooms[1] / "handmade.py"
    handmade.write_text("")
    unasync.main([])
    assert handmade.exists()
    assert unasync.main(["--check"]) == 1
