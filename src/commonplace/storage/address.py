"""Address: how a memory is named when it is opened, and which engine that means."""

import os
from typing import TYPE_CHECKING, NamedTuple, cast

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
    if (colon and scheme.isalnum()) or address.startswith(("postgresql:", "postgres:")):
        raise InvalidInput(
            f"{address.partition(':')[0]}: is no address that this release knows: give a file's "
            "path, ':memory:', or postgresql://user@host/database.",
            address=address,
        )
    module = lazy_import("commonplace.storage.sqlite.engine")
    return cast("Engine", module.SqliteEngine(address))


class Follow(NamedTuple):
    """A follower: the file that holds the copy, whose log it is, and how its reads are held."""

    path: str
    tenant: str
    linearizable: bool = False

    def checked(self) -> "Follow":
        """The same with the file's one name. Raises `InvalidInput` for what is no file."""
        path = self.path
        if not path or "\0" in path or "://" in path or path == ":memory:":
            raise InvalidInput(f"follow= takes a file of its own, and not {path!r}.", path=path)
        return self._replace(path=os.path.realpath(path))


def open_follower(address: str, follow: Follow) -> "Engine":
    """The engine that reads from a file and decides at `address`, not opened yet.

    Raises `InvalidInput` for what cannot be followed, or followed into.
    """
    source = open_engine(address)
    follow = follow.checked()
    path = follow.path
    if address == ":memory:":
        raise InvalidInput("Nobody else writes to ':memory:': there is nothing to follow.")
    if "://" not in address and os.path.realpath(address) == path:
        raise InvalidInput(f"{path} cannot follow itself: name another file.", path=path)
    sqlite = lazy_import("commonplace.storage.sqlite.engine")
    turn = lazy_import("commonplace.storage.sqlite.turn")
    following = lazy_import("commonplace.storage.following.engine")
    engine = following.FollowingEngine(
        source,
        sqlite.SqliteEngine(path),
        follow.tenant,
        path,
        lambda: turn.FileTurn(path, "-tail"),
        linearizable=follow.linearizable,
    )
    return cast("Engine", engine)
