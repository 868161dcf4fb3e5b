"""The harness of this engine: databases of one server, shared by the tests of a run."""

from pathlib import Path
from types import TracebackType

from commonplace import Memory
from commonplace.limits import DEADLINE_S
from commonplace.storage.address import open_engine
from commonplace.storage.engine import Engine
from commonplace.testing.databases import Databases, connect
from commonplace.testing.harness import Damage


class PostgresHarness:
    """Leaving the block gives back every database that was handed out."""

    name = "PostgreSQL"
    processes = True
    durable = True

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._lent: list[str] = []

    def __enter__(self) -> "PostgresHarness":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._lent:
            self._databases.give_back(self._lent.pop())

    def address(self) -> str:
        self._lent.append(self._databases.take())
        return self._lent[-1]

    def address_in(self, folder: Path) -> str | None:
        # The bytes are the server's: who cuts its power must kill it too, before the disk can be
        # taken out, and faults in system calls of a client strike no file of a memory.
        return None

    def engine(self) -> Engine:
        return open_engine(self.address())

    def files(self, address: str) -> list[Path]:
        return []

    def open(
        self, address: str, *, actor: str, tenant: str = "default", deadline_s: float = DEADLINE_S
    ) -> Memory:
        return Memory(address, actor=actor, tenant=tenant, deadline_s=deadline_s).open()

    def damage(self, address: str, how: Damage, *, tenant: str, revision: int) -> None:
        with connect(address) as connection, connection.transaction():
            for statement in DAMAGES[how]:
                connection.execute(statement, (tenant, revision))


# What a superuser can do: row security does not hold one. Each statement is given the tenant
# and a revision.
DAMAGES: dict[Damage, tuple[str, ...]] = {
    "edit": (
        "UPDATE commonplace.log SET payload ="
        " convert_to(replace(convert_from(payload, 'UTF8'), 'true', 'false'), 'UTF8')"
        " WHERE tenant = $1 AND revision = $2",
    ),
    "remove": ("DELETE FROM commonplace.log WHERE tenant = $1 AND revision = $2",),
    # As if the last commit, an append, had never been: the log is whole, and a day younger.
    "cut": (
        "UPDATE commonplace.entry e SET (version, revision, size_bytes, deltas, delta_bytes) ="
        " (SELECT p.version, p.revision, p.size_bytes, e.deltas - 1,"
        "  e.delta_bytes - length(l.payload)"
        "  FROM commonplace.log l JOIN commonplace.log p ON p.tenant = l.tenant"
        "  AND p.namespace = l.namespace AND p.region = l.region AND p.key = l.key"
        "  AND p.version = l.version - 1"
        "  WHERE l.tenant = e.tenant AND l.namespace = e.namespace AND l.region = e.region"
        "  AND l.key = e.key AND l.revision = $2)"
        " WHERE e.tenant = $1 AND e.revision = $2",
        "UPDATE commonplace.tenant t SET (revision, digest, at_us) ="
        " (SELECT revision, digest, at_us FROM commonplace.log WHERE tenant = $1"
        "  AND revision = $2 - 1 ORDER BY place DESC LIMIT 1) WHERE t.tenant = $1",
        "DELETE FROM commonplace.log WHERE tenant = $1 AND revision = $2",
    ),
    "state": (
        "UPDATE commonplace.entry SET size_bytes = size_bytes + 1"
        " WHERE tenant = $1 AND revision = $2",
    ),
}
