"""Reader: who reads, what this process remembers for them, and what reads give."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from commonplace.core.access import Reach
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Lag


class Found(NamedTuple):
    """An entry's value as stored, the newest record behind it, and the revision it was read at."""

    version: int
    revision: int
    dead: bool
    value: Any
    updated_by: str
    updated_at_us: int
    as_of: int = 0


ABSENT = Found(0, 0, False, None, "", 0)


class Standing(NamedTuple):
    """Where a tenant stands. Revision 0: nothing was ever written to it."""

    tenant: str
    revision: int
    floor: int
    digest: bytes
    at_us: int
    access_revision: int


class Held(NamedTuple):
    """A text that was read, and the digest of a log at whose end it stood (empty: not known)."""

    found: Found
    digest: bytes = b""


class Listed(NamedTuple):
    """Namespaces as they were listed, and where the tenant stood."""

    at: Standing
    namespaces: tuple[Namespace, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads in which tenant, with what this process remembers of grants and texts.

    `reaches` holds how far the reader may go, by access revision, namespace and region: for
    good, since another grant makes another access revision. `found` holds texts last read at
    the head, each good while the log ends where it did, or its entry shows the same version and
    revision; `listed` lists of namespaces (`programs.namespaces`). Threads share all three.
    `lag` says how far behind what is read may be; None: never.
    """

    tenant: str
    actor: str
    cache: StateCache
    reaches: dict[tuple[int, str, str], Reach] = field(default_factory=dict, compare=False)
    found: dict[EntryKey, Held] = field(default_factory=dict, compare=False)
    listed: dict[NamespacePrefix, Listed] = field(default_factory=dict, compare=False)
    lag: Callable[[], Lag] | None = field(default=None, compare=False)
