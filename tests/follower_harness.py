"""The harness of a follower: a file follows a memory of another harness, all reads linearizable.

So a follower must pass what its source does. Other processes open the source, by its address.
"""

import itertools
from pathlib import Path

from commonplace import Memory
from commonplace.limits import DEADLINE_S
from commonplace.storage.address import Follow, open_follower
from commonplace.storage.engine import Engine
from commonplace.testing.harness import Damage, Harness


class FollowerHarness:
    processes = True
    durable = True

    def __init__(self, folder: Path, source: Harness) -> None:
        self.name = f"follower of {source.name}"
        self._source = source
        self._folder = folder
        self._numbers = itertools.count()
        self._follows: dict[tuple[str, str], Path] = {}

    def _follow(self, address: str, tenant: str) -> Path:
        """The file that follows a tenant of a memory; everybody of this process shares it."""
        where = self._folder / f"follower-{next(self._numbers)}.db"
        return self._follows.setdefault((address, tenant), where)

    def address(self) -> str:
        return self._source.address()

    def address_in(self, folder: Path) -> str | None:
        return None

    def engine(self) -> Engine:
        address = self.address()
        follow = Follow(str(self._follow(address, "default")), "default", linearizable=True)
        return open_follower(address, follow)

    def files(self, address: str) -> list[Path]:
        return []

    def open(
        self, address: str, *, actor: str, tenant: str = "default", deadline_s: float = DEADLINE_S
    ) -> Memory:
        return Memory(
            address,
            actor=actor,
            tenant=tenant,
            deadline_s=deadline_s,
            follow=self._follow(address, tenant),
            linearizable=True,
        ).open()

    def damage(self, address: str, how: Damage, *, tenant: str, revision: int) -> None:
        self._source.damage(address, how, tenant=tenant, revision=revision)
        # The file would be refused now, if the log ends before it does: begin another.
        self._follows.pop((address, tenant), None)
