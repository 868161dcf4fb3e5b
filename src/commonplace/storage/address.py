"""Address: how a memory is named when it is opened, and which engine that means."""

from typing import TYPE_CHECKING, cast

from commonplace._lazy import lazy_import
from commonplace.errors import InvalidInput

if TYPE_CHECKING:
    from commonplace.storage.engine import Engine


def open_engine(address: str) -> "Engine":
    """The engine for a path, `:memory:` or a `postgresql://` address, not opened yet.

    Raises `InvalidInput` for anything else. The engine's module is imported here, so that
    what is not used costs nothing at start-up.
    """
    if not address or "\0" in address:
        raise InvalidInput(
            f"An address is a file's path, ':memory:' or postgresql://…, not {address!r}.",
            address=address,
        )
    scheme, colon, _ = address.partition("://")
    if colon and scheme in ("postgresql", "postgres"):
        lazy_import("psycopg", extra="postgres")
        module = lazy_import("commonplace.storage.postgres.engine")
        return cast("Engine", module.PostgresEngine(address))
    if colon and scheme.isalnum():
        raise InvalidInput(
            f"{scheme}:// is not supported by this release: give a file's path, ':memory:', or "
            "postgresql://user@host/database.",
            address=address,
        )
    module = lazy_import("commonplace.storage.sqlite.engine")
    return cast("Engine", module.SqliteEngine(address))
