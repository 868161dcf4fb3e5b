"""The harnesses of this engine: a file, and a memory that lives in one process."""

import itertools
from pathlib import Path

import apsw

from commonplace import Memory
from commonplace.limits import DEADLINE_S
from commonplace.storage.address import open_engine
from commonplace.storage.engine import Engine
from commonplace.testing.harness import Damage

_SUFFIXES = ("", "-wal", "-journal", "-shm", "-lane")


class FileHarness:
    name = "SQLite file"
    processes = True
    durable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def address(self) -> str:
        return str(self._folder / f"memory-{next(self._numbers)}.db")

    def address_in(self, folder: Path) -> str | None:
        return str(folder / f"memory-{next(self._numbers)}.db")

    def engine(self) -> Engine:
        return open_engine(self.address())

    def files(self, address: str) -> list[Path]:
        return [Path(address + suffix) for suffix in _SUFFIXES]

    def open(
        self, address: str, *, actor: str, tenant: str = "default", deadline_s: float = DEADLINE_S
    ) -> Memory:
        return Memory(address, actor=actor, tenant=tenant, deadline_s=deadline_s).open()

    def damage(self, address: str, how: Damage, *, tenant: str, revision: int) -> None:
        connection = apsw.Connection(address)
        for statement in DAMAGES[how]:
            connection.execute(statement, (tenant, revision))
        connection.close()


# What someone with the file can do. Each statement is given the tenant and a revision.
DAMAGES: dict[Damage, tuple[str, ...]] = {
    "edit": (
        "UPDATE log SET payload = CAST(replace(payload, 'true', 'false') AS BLOB)"
        " WHERE tenant = ? AND revision = ?",
    ),
    "remove": ("DELETE FROM log WHERE tenant = ? AND revision = ?",),
    # As if the last commit, an append, had never been: the file is whole, and a day younger.
    "cut": (
        "UPDATE entry SET (version, revision, size_bytes, deltas, delta_bytes) ="
        " (SELECT p.version, p.revision, p.size_bytes, deltas - 1, delta_bytes - length(l.payload)"
        "  FROM log l JOIN log p ON p.tenant = l.tenant AND p.namespace = l.namespace"
        "  AND p.region = l.region AND p.key = l.key AND p.version = l.version - 1"
        "  WHERE l.tenant = entry.tenant AND l.revision = ?2)"
        " WHERE tenant = ?1 AND revision = ?2",
        "UPDATE tenant SET (revision, digest, at_us) = (SELECT revision, digest, at_us FROM log"
        " WHERE tenant = ?1 AND revision = ?2 - 1 ORDER BY place DESC LIMIT 1) WHERE tenant = ?1",
        "DELETE FROM log WHERE tenant = ? AND revision = ?",
    ),
    "state": ("UPDATE entry SET size_bytes = size_bytes + 1 WHERE tenant = ? AND revision = ?",),
}


class MemoryHarness:
    """`:memory:`, where everybody shares the engine of whoever opened an address first."""

    name = "SQLite in memory"
    processes = False
    durable = False

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._engines: dict[str, Engine] = {}

    def address(self) -> str:
        return f":memory:{next(self._numbers)}"

    def address_in(self, folder: Path) -> str | None:
        return None

    def engine(self) -> Engine:
        return open_engine(":memory:")

    def files(self, address: str) -> list[Path]:
        return []

    def open(
        self, address: str, *, actor: str, tenant: str = "default", deadline_s: float = DEADLINE_S
    ) -> Memory:
        memory = Memory(":memory:", actor=actor, tenant=tenant, deadline_s=deadline_s)
        memory._shared = self._engines.get(address)
        memory.open()
        self._engines.setdefault(address, memory._opened().engine)
        return memory

    def damage(self, address: str, how: Damage, *, tenant: str, revision: int) -> None:
        raise NotImplementedError("nobody else reaches into this process")
