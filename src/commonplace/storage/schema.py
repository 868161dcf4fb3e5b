"""Schema: which migrations a memory has, and the missing ones applied, without opening it."""

from types import ModuleType
from typing import NamedTuple

from commonplace._lazy import lazy_import
from commonplace.errors import InvalidInput
from commonplace.storage.address import open_engine
from commonplace.storage.registry import acquire, release
from commonplace.storage.step import Program, Statement


class Schema(NamedTuple):
    """The last migration that a memory has (0: it has none), and the last of this release."""

    found: int
    newest: int

    @property
    def missing(self) -> int:
        """How many migrations it lacks."""
        return self.newest - self.found


def schema(address: str) -> Schema:
    """Which schema the memory at an address has; nothing is changed.

    Raises what opening it would: `NewerSchema`, `NotAMemory`, `NotFound` for a file that is not
    there, or another `EngineUnavailable`.
    """
    return Schema(*_room(address).look(address))


def migrate(address: str) -> Schema:
    """Apply the migrations that are missing; the schema as it was found.

    Of several processes that do so at once one applies each. In a database the schema is made if
    it is not there, with the role that row-level security binds, as far as this role may make it.
    Raises as `schema` does.
    """
    return Schema(*_room(address).migrate(address))


def tenants(address: str) -> list[str]:
    """The names of all tenants of a memory, in order.

    Raises `EngineUnavailable` for a role of PostgreSQL that row-level security binds.
    """
    if _engine_of(address) == "postgres":
        place = lazy_import("commonplace.storage.postgres.place").place_of(address)
        found: list[str] = lazy_import("commonplace.storage.postgres.copying").tenants(place)
        return found
    engine = acquire(address, create=False)
    try:
        return engine.read("", _tenants())
    finally:
        release(engine)


def _tenants() -> Program[list[str]]:
    found: list[str] = []
    while True:
        (rows,) = yield (Statement("tenant_next", [(found[-1] if found else "",)]),)
        if not rows:
            return found
        found.append(rows[0][0])


def _engine_of(address: str) -> str:
    """The room of the engine that an address means. Raises `InvalidInput` for none."""
    if address == ":memory:":
        raise InvalidInput("':memory:' begins empty each time: name a file or a database.")
    return open_engine(address).capabilities.engine


def _room(address: str) -> ModuleType:
    return lazy_import(f"commonplace.storage.{_engine_of(address)}.schema")
