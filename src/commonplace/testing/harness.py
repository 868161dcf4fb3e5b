"""Harness: what the suite must be told of an engine to test it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from commonplace import Memory
from commonplace.limits import DEADLINE_S
from commonplace.storage.engine import Engine

Damage = Literal["edit", "remove", "cut", "state"]
"""Ways to damage a log behind the engine's back: change the payload of one record, remove
one, cut everything from one on, or change the value an entry has without a record."""


@runtime_checkable
class Harness(Protocol):
    """An engine handed to the suite.

    `processes`: other processes may open the same memory, by its address alone. `durable`:
    what was acknowledged survives the death of every process. A test that needs what a
    harness lacks is skipped with a message.
    """

    name: str
    processes: bool
    durable: bool

    def address(self) -> str:
        """The address of a fresh, empty memory."""
        ...

    def address_in(self, folder: Path) -> str | None:
        """The address of a fresh memory whose bytes all lie in `folder`; None: there is none."""
        ...

    def engine(self) -> Engine:
        """The engine of a fresh memory of its own, not opened yet."""
        ...

    def files(self, address: str) -> Sequence[Path]:
        """The files that hold a memory, there or not yet; none where that cannot be said."""
        ...

    def open(
        self, address: str, *, actor: str, tenant: str = "default", deadline_s: float = DEADLINE_S
    ) -> Memory:
        """A memory at `address`, opened; the caller closes it."""
        ...

    def damage(self, address: str, how: Damage, *, tenant: str, revision: int) -> None:
        """Damage the log of a closed memory at `revision`, as someone with the file could."""
        ...
