"""Record: one committed change, as the log keeps it for ever."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey, to_datetime
from commonplace.model.namespace import Namespace
from commonplace.model.reference import Reference


@dataclass(frozen=True, slots=True)
class Body:
    """What retention may drop and `erase` destroys: a record without it keeps its header.

    `payload` is None once it was compacted; `payload_digest` then stands in for it, so that
    the commitment can still be checked.
    """

    salt: bytes
    payload: bytes | None
    reason: str
    payload_digest: bytes = b""


class Header(NamedTuple):
    """What the chain covers of a record, in the order of its fields: all before `digest`."""

    revision: int
    index: int  # type: ignore[assignment]  # hides tuple's own index(), which nobody calls
    at_us: int
    actor: Actor
    idempotency_key: str
    entry: EntryKey
    version: int
    operation: str
    kind: str
    based_on: tuple[str, ...]
    trace: str
    turn: str
    dead: bool
    size_bytes: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the log. Everything but `body` is header, covered by the chain.

    `revision` numbers the commit, `index` the record inside it, `version` the change of its
    entry. `size_bytes` is the entry's size after the change and `dead` whether it is a
    tombstone. `turn` is the one it was written in, empty outside of turns. `digest` chains this
    header to all before it. `body` is None after `erase`.

    Of a retraction, `arguments` leave out what it found in other places, and who was shown it:
    `Memory.retract` tells of it, as far as its reader may know.
    """

    revision: int
    index: int
    at_us: int
    actor: Actor
    idempotency_key: str
    entry: EntryKey
    version: int
    operation: str
    kind: str
    based_on: tuple[str, ...]
    trace: str
    turn: str
    dead: bool
    size_bytes: int
    commitment: bytes
    digest: bytes
    body: Body | None

    @property
    def at(self) -> datetime:
        """The commit time, in UTC."""
        return to_datetime(self.at_us)

    @property
    def reference(self) -> Reference:
        """The entry at the version this record made."""
        return self.entry.reference(self.version)

    @property
    def namespace(self) -> Namespace:
        """The namespace of the entry."""
        return Namespace.parse(self.entry.namespace)

    @property
    def region(self) -> str:
        """The region of the entry."""
        return self.entry.region

    @property
    def arguments(self) -> Mapping[str, Any] | None:
        """What was asked for, as plain data; None once it was compacted or erased."""
        if self.body is None or self.body.payload is None:
            return None
        arguments: Mapping[str, Any] = json.loads(self.body.payload)
        return arguments

    @property
    def reason(self) -> str:
        """Why, in the writer's words; empty when it was erased."""
        return self.body.reason if self.body else ""
