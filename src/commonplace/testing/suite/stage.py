"""Stage: a fresh memory with a task in it, and what the tests of the suite share."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import pytest

from commonplace import Block, Commit, Memory, NamespacePrefix, Receipt, Record, Scope
from commonplace.errors import CommonplaceError
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import ticket
from commonplace.testing.harness import Harness

T = TypeVar("T")

TASK: Final = "work"
OWNER: Final = "owner"
EVERYTHING: Final = NamespacePrefix(())
RESERVED: Final = (
    *("_namespace", "_contracts", "_grants", "_cursors", "_retention"),
    *("_served", "_notices", "_dispatches"),
)
_JOIN_S: Final = 60.0
_ENOUGH: Final = 1_000_000


class Stage:
    """A memory that `owner` founded, with one task, and everybody who has it open."""

    def __init__(
        self, harness: Harness, share: Mapping[str, str], *, address: str | None = None
    ) -> None:
        self.harness = harness
        self.address = address or harness.address()
        self._open = contextlib.ExitStack()
        self.owner = self.open(OWNER)
        self.owner.share({OWNER: "owner"}, prefix=EVERYTHING)
        self.task: Scope = self.owner.create_task(TASK, share=dict(share))

    @classmethod
    def reopened(cls, harness: Harness, address: str) -> "Stage":
        """The stage at an address where one was set before, by whatever process."""
        stage = cls.__new__(cls)
        stage.harness, stage.address, stage._open = harness, address, contextlib.ExitStack()
        stage.owner = stage.open(OWNER)
        stage.task = stage.owner.task(TASK)
        return stage

    def open(self, actor: str, *, tenant: str = "default") -> Memory:
        """The memory as another actor has it; closed with the stage."""
        memory = self.harness.open(self.address, actor=actor, tenant=tenant)
        self._open.callback(memory.close)
        return memory

    def block(self, name: str, memory: Memory | None = None) -> Block:
        """A block of the task, as `memory` (the owner's if none is given) sees it."""
        return (memory or self.owner).task(TASK).block(name)

    def log(self) -> list[Record]:
        """The whole log of the tenant, oldest first, reserved regions included."""
        found = list(self.owner.log(EVERYTHING, limit=_ENOUGH))
        for region in RESERVED:
            found += self.owner.log(EVERYTHING, region=region, limit=_ENOUGH)
        return sorted(found, key=lambda record: (record.revision, record.index))

    def commits(self, memory: Memory, *, after: int, upto: int, **filters: Any) -> list[Commit]:
        """What a watch of the task delivers after one revision and up to another."""
        found: list[Commit] = []
        with contextlib.closing(
            memory.watch(
                memory.task(TASK).namespace,
                after=after,
                progress_s=0.01,
                timeout_s=_JOIN_S,
                **filters,
            )
        ) as watch:
            for commit in watch:
                if commit.changes and commit.revision <= upto:
                    found.append(commit)
                if commit.revision >= upto:
                    return found
        raise AssertionError(f"the watch ended before revision {upto}")

    def queue(self, name: str) -> int:
        """How many updates of a block of the task stand in its queue."""
        key = EntryKey(str(self.task.namespace), name)
        return len(self.owner._opened().read_source(ticket.look(self.owner.tenant, key)))

    @property
    def head(self) -> int:
        """The newest revision."""
        return self.owner.position().revision

    def close(self) -> None:
        """Close everybody's memory."""
        self._open.close()


@contextlib.contextmanager
def staged(
    harness: Harness, *blocks: str, share: Mapping[str, str] | None = None
) -> Iterator[Stage]:
    """A stage with these blocks; `share` gives other actors their tier on the task."""
    stage = Stage(harness, share or {})
    try:
        for name in blocks:
            stage.task.create_block(name)
        yield stage
    finally:
        stage.close()


def together(*calls: Callable[[], T]) -> list[T]:
    """Make all calls at once, each in a thread; none may fail."""
    results = racing(*calls)
    for result in results:
        if isinstance(result, CommonplaceError):
            raise result
    return [result for result in results if not isinstance(result, CommonplaceError)]


def racing(*calls: Callable[[], T]) -> list[T | CommonplaceError]:
    """Make all calls at once, each in a thread; the product's errors are results."""
    start = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], T]) -> None:
        start.wait(_JOIN_S)
        try:
            results[number] = call()
        except BaseException as error:  # boundary: it is judged, or raised, by the test's thread
            results[number] = error

    threads = [
        threading.Thread(target=run, args=(number, call), daemon=True)
        for number, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_JOIN_S)
        assert not thread.is_alive(), f"a call did not come back within {_JOIN_S:g} s"
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, CommonplaceError):
            raise result
    return results


def landed(results: list[Receipt | CommonplaceError]) -> list[Receipt]:
    """The receipts among results."""
    return [result for result in results if isinstance(result, Receipt)]


def refused(
    kind: type[CommonplaceError] | tuple[type[CommonplaceError], ...], call: Callable[[], object]
) -> CommonplaceError:
    """The error of a call that must be refused in just this way."""
    with pytest.raises(CommonplaceError) as caught:
        call()
    assert isinstance(caught.value, kind), f"expected {kind}, not {caught.value!r}"
    return caught.value


def needs_processes(harness: Harness) -> None:
    """Skip where other processes cannot open the memory."""
    if not harness.processes:
        pytest.skip(f"{harness.name}: lives in one process")


def needs_durability(harness: Harness) -> None:
    """Skip where nothing outlives the process."""
    if not harness.durable:
        pytest.skip(f"{harness.name}: nothing outlives its process")
