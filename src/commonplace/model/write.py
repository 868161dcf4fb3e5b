"""Write, Guard and WriteGroup: a requested change, self-contained.

Whatever a decision needs and may not make up itself (ids, salts, bytes in canonical form)
comes in here, so that the same groups in the same order give the same log anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey

Kind = Literal["observation", "inference", "verified", "directive", "procedure"]
KINDS: frozenset[str] = frozenset(get_args(Kind))


class Guard(NamedTuple):
    """An entry that must still be at `version` when the group commits (0: not there)."""

    entry: EntryKey
    version: int


@dataclass(frozen=True, slots=True)
class Write:
    """One requested change of one entry.

    `payload` is the canonical bytes of `arguments`; `commitment` binds salt, payload and
    reason (`core.digest.commitment`) and is computed before any row is locked.
    """

    entry: EntryKey
    operation: str
    arguments: Mapping[str, Any]
    payload: bytes
    salt: bytes
    commitment: bytes
    expect: int | None = None
    reason: str = ""
    kind: Kind = "observation"
    based_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteGroup:
    """Writes that commit together or not at all, in the name of one actor.

    `key` is the idempotency key, scoped to tenant and actor, and `fingerprint` the digest
    of everything the caller asked for: the same key with another fingerprint is refused.
    `key_time_us` is the time the key itself carries, or None for a key of the caller's own.
    `turn` is the turn it was written in, empty outside of turns.
    """

    tenant: str
    actor: Actor
    key: str
    fingerprint: bytes
    writes: tuple[Write, ...]
    guards: tuple[Guard, ...] = ()
    key_time_us: int | None = None
    trace: str = ""
    turn: str = ""
