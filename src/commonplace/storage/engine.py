"""The contract of an engine: what it must do, and nothing of how.

An engine locks, loads, stores and notifies. It decides nothing: proposals go through
`core.decide` inside the transaction that commits them. Every call may come from any
thread. Construction does no I/O; `open` does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from commonplace.core.verdict import Verdict
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.model.write import WriteGroup
from commonplace.storage.step import Program

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What differs between engines and is worth knowing to a caller.

    `durable`: an acknowledged write survives kill -9 and power cut. `processes`: others
    may open the same memory. `spans_tenants`: one batch may hold several tenants.
    """

    engine: str
    durable: bool
    processes: bool
    spans_tenants: bool


@dataclass(frozen=True, slots=True)
class Health:
    """`ok`, `lagging` (a follower behind its source) or `halted`, with the reason.

    `behind_revisions` are those that a follower is known to lack, and `behind_s` the seconds
    since it was last known to lack none.
    """

    state: Literal["ok", "lagging", "halted"]
    reason: str = ""
    behind_revisions: int = 0
    behind_s: float = 0.0


class Lag(NamedTuple):
    """How far a copy is behind: revisions it is known to lack, seconds since it lacked none.

    The seconds are infinite before it was ever known to lack none.
    """

    revisions: int
    seconds: float


class Engine(Protocol):
    """One memory, opened. Sync and async faces share it."""

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""
        ...

    def open(self, *, create: bool) -> None:
        """Open, and with `create` make what is missing. Raises an `EngineUnavailable`."""
        ...

    def close(self) -> None:
        """Let everything go; idempotent. Other processes and engines go on."""
        ...

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Commit `group` with whatever else is waiting, and say how it ended.

        A deadline that passes before the group was picked up raises `EngineUnavailable`,
        naming whoever holds the engine: nothing was written. After, it is `Unknown`.
        """
        ...

    async def propose_async(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """`propose` for an event loop. Cancelled before pick-up, nothing was written."""
        ...

    def read(self, tenant: str, program: Program[T]) -> T:
        """Run a program that reads this tenant; no lock is taken, no cursor outlives the call."""
        ...

    async def read_async(self, tenant: str, program: Program[T]) -> T:
        """`read` for an event loop, which is not blocked for longer than a point read takes."""
        ...

    def execute(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """Run a program that writes what is not history: tickets, retention, import.

        Holds the right to write from its first step to its end, like a batch.
        """
        ...

    async def execute_async(self, tenant: str, program: Program[T], deadline_s: float) -> T:
        """`execute` for an event loop, which is never blocked."""
        ...

    def barrier(self, tenant: str) -> Position:
        """The head, proved by holding the right to write: never an answer from the past."""
        ...

    def position(self, tenant: str) -> Position:
        """The head as this process sees it."""
        ...

    def tail(self, tenant: str, after: int, limit: int) -> list[Record]:
        """The records of at most `limit` whole commits after revision `after`, in order."""
        ...

    def apply(self, tenant: str, records: Sequence[Record]) -> Position:
        """Append records another engine decided, chain checked; for import and followers."""
        ...

    def snapshot(self, path: str) -> None:
        """Write a consistent copy of the whole memory to a new file."""
        ...

    def restore(self, path: str) -> None:
        """Become the copy in `path`; refused unless this memory is empty."""
        ...

    def health(self) -> Health:
        """Whether the engine serves."""
        ...

    def subscribe(self, tenant: str, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` (from any thread, quickly) when this tenant may have had a commit.

        A hint: it may come late by `limits.BACKSTOP_S`, twice, or for nothing. Returns the
        call that ends the subscription.
        """
        ...

    def hold_bells(self, max_wait_s: float) -> Callable[[], None]:
        """Stop telling others of commits until the returned call or `max_wait_s` later."""
        ...

    def presence(self) -> str:
        """A token that `is_present` knows while this process lives; "" if unsupported."""
        ...

    def is_present(self, token: str) -> bool | None:
        """Whether the holder of a token lives: True, False, or None when nobody can say."""
        ...


@runtime_checkable
class Follower(Protocol):
    """What an engine has besides if it reads from a copy, of what another engine decides."""

    def at_source(self) -> Engine:
        """The engine that decides, opened. Raises `EngineUnavailable` while it is out of reach."""
        ...

    @property
    def local(self) -> Engine:
        """The engine of the copy."""
        ...

    def has(self, revision: int) -> bool:
        """Whether the copy holds everything up to a revision; never waits."""
        ...

    def lag(self) -> Lag:
        """How far the copy is behind, as far as this process knows."""
        ...

    def behind(self, wanted: str) -> Exception:
        """The error for a read that waited for `wanted` in vain."""
        ...
