"""Proposals: from a caller's words to a `WriteGroup`, and from its verdict back.

Everything that needs checking, a clock or randomness happens here, once, before an engine
sees the group; everything that needs deciding happens in `core.decide`.
"""

import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NoReturn, TypedDict

from commonplace import limits
from commonplace.core.digest import commitment
from commonplace.core.verdict import Refusal, Unknown, Verdict
from commonplace.errors import (
    BY_CODE,
    InvalidName,
    InvalidReference,
    InvalidValue,
    LimitExceeded,
    OutcomeUnknown,
)
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.reference import Reference
from commonplace.model.write import KINDS, Guard, Kind, Write, WriteGroup
from commonplace.storage.codec import check_size, check_text, encode

_OWN_KEY = re.compile(r"([0-9a-f]{14})-[0-9a-f]{16}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class WriteOptions(TypedDict, total=False):
    """What every write takes besides its own arguments.

    `reason`: why, in words. `kind`: observation, inference, verified, directive or
    procedure. `based_on`: references it was made from. `guards`: (reference, version)
    pairs that must still hold. `idempotency_key`: repeat it to retry safely.
    """

    reason: str
    kind: Kind
    based_on: Sequence[Reference | str]
    guards: Sequence[tuple[Reference | str, int]]
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked write and what its group needs to know.

    `asked` is what a retry must ask again: the payload without what a turn adds to it. None: it
    follows from the other writes of its group and from what stood, and a retry may differ.
    """

    write: Write
    guards: tuple[Guard, ...]
    idempotency_key: str | None
    asked: bytes | None = b""


def new_key(now_us: int, randomness: bytes) -> str:
    """An idempotency key that carries its own date; `randomness` is 8 bytes."""
    return f"{now_us:014x}-{randomness.hex()}"


def key_time_us(key: str) -> int | None:
    """The time a key of ours carries; None for a caller's own."""
    match = _OWN_KEY.match(key)
    return int(match[1], 16) if match else None


def check_version(version: object, what: str) -> int:
    """Return `version` if it is a count of changes: an integer from 0."""
    if isinstance(version, bool) or not isinstance(version, int):
        raise InvalidValue(f"{what}= takes a version number, not {type(version).__name__}.")
    if not 0 <= version <= limits.MAX_INTEGER:
        raise InvalidValue(f"{what}={version} is no version: they count up from 0.")
    return version


def check_limit(limit: object) -> int:
    """Return `limit` if it is a count of records, from 1."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidValue(f"limit={limit!r}: ask for at least one record.")
    return limit


def as_reference(value: Reference | str) -> Reference:
    """A reference from its text, or as it is. Raises `InvalidReference`."""
    reference = Reference.parse(value) if isinstance(value, str) else value
    if not isinstance(reference, Reference):
        raise InvalidReference(f"a reference is text or Reference, not {type(value).__name__}.")
    return reference


def _reference(value: Reference | str, namespace: str) -> Reference:
    reference = as_reference(value)
    if reference.namespace is None:
        key = EntryKey(namespace, reference.region, reference.key)
        whole = key.reference()
        return Reference(whole.namespace, whole.region, whole.key, reference.at, reference.lines)
    return reference


def _guards(guards: Iterable[Any], namespace: str) -> tuple[Guard, ...]:
    checked = []
    for guard in guards:
        try:
            reference, version = guard
        except (TypeError, ValueError):
            raise InvalidValue("a guard is a pair (reference, version).") from None
        entry = EntryKey.of(_reference(reference, namespace))
        checked.append(Guard(entry, check_version(version, "guard version")))
    if len(checked) > limits.MAX_GUARDS:
        raise LimitExceeded(f"{len(checked)} guards; a commit takes {limits.MAX_GUARDS}.")
    return tuple(checked)


def draft(
    entry: EntryKey,
    operation: str,
    arguments: Mapping[str, Any],
    *,
    expect: int | None = None,
    reason: str = "",
    kind: Kind = "observation",
    based_on: Sequence[Reference | str] = (),
    guards: Sequence[tuple[Reference | str, int]] = (),
    idempotency_key: str | None = None,
    basis: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
) -> Draft:
    """Check one write and bind its bytes. `arguments` must be plain, checked data.

    `basis` holds the arguments that a turn adds where there are none; `asked` says what of all
    this the caller asked for, if not every argument. Raises an `InvalidInput` or
    `LimitExceeded`; nothing has been sent then.
    """
    if expect is not None:
        check_version(expect, "expect")
    if reason != "":
        reason = check_text(reason, "reason")
        check_size(len(reason.encode()), "reason", limits.MAX_REASON_BYTES)
    if kind not in KINDS:
        raise InvalidValue(f"kind={kind!r} is none of {', '.join(sorted(KINDS))}.")
    if isinstance(based_on, str | Reference):
        based_on = (based_on,)
    if len(based_on) > limits.MAX_BASED_ON:
        raise LimitExceeded(f"based_on has {len(based_on)} references; {limits.MAX_BASED_ON} fit.")
    sources = tuple(str(_reference(source, entry.namespace)) for source in based_on)
    # An `edit` is what an `update` made of the text it was shown; what was asked for is the
    # update, and its retry is shown another text. What a turn was served is not asked for at all.
    said = b"" if operation in {"edit", "serve"} else encode(arguments if asked is None else asked)
    arguments = {**(basis or {}), **arguments}
    payload = encode(arguments) if basis or asked is not None or not said else said
    check_size(len(payload), "what was written", 2 * limits.MAX_VALUE_BYTES)
    salt = os.urandom(16)
    write = Write(
        entry,
        operation,
        arguments,
        payload,
        salt,
        commitment(salt, payload, reason),
        expect,
        reason,
        kind,
        sources,
    )
    checked = _guards(guards, entry.namespace) if guards else ()
    return Draft(write, checked, idempotency_key, said)


def following(first: Draft) -> Draft:
    """The draft as one that follows from the others of its group: see `Draft.asked`."""
    return replace(first, asked=None)


def guard_draft(
    first: Draft, guards: Sequence[tuple[Reference | str, int]], idempotency_key: str | None
) -> Draft:
    """The first draft of a group, with the guards and the key of the group added."""
    more = _guards(guards, first.write.entry.namespace)
    key = idempotency_key or first.idempotency_key
    return Draft(first.write, first.guards + more, key, first.asked)


def group_of(
    tenant: str,
    actor: Actor,
    drafts: Sequence[Draft],
    *,
    trace: str = "",
    turn: str = "",
    key: str | None = None,
) -> WriteGroup:
    """The group that commits `drafts` together, in a turn if `turn` is the id of one."""
    if len(drafts) > limits.MAX_GROUP_WRITES:
        raise LimitExceeded(
            f"{len(drafts)} writes in one commit; {limits.MAX_GROUP_WRITES} fit. Split it."
        )
    for each in drafts:
        key = each.idempotency_key if key is None else key
    if key is None:
        key = new_key(time.time_ns() // 1000, os.urandom(8))
    else:
        key = check_text(key, "idempotency key")
        if not key or _CONTROL.search(key):
            raise InvalidName("an idempotency key is non-empty text without control characters.")
        check_size(len(key.encode()), "idempotency key", limits.MAX_IDEMPOTENCY_KEY_BYTES)
    writes = tuple(each.write for each in drafts)
    guards = tuple(guard for each in drafts for guard in each.guards)
    asked, dated_us = _fingerprint(drafts), key_time_us(key)
    return WriteGroup(tenant, actor, key, asked, writes, guards, dated_us, trace, turn)


def _fingerprint(drafts: Sequence[Draft]) -> bytes:
    """The digest of what was asked for: everything but the salts and what a turn adds."""
    asked = sha256()
    for write, told in [(each.write, each.asked) for each in drafts]:
        if write.operation == "serve" or told is None:
            continue
        parts = (*write.entry, write.operation, str(write.expect), write.reason, write.kind)
        asked.update("\x1f".join((*parts, *write.based_on)).encode() + b"\x1e" + told)
    for each in drafts:
        for guard in each.guards:
            asked.update("\x1f".join((*guard.entry, str(guard.version))).encode())
    return asked.digest()


def receipts_of(group: WriteGroup, verdict: Verdict) -> tuple[Receipt, ...]:
    """The receipts of a verdict, or its error raised."""
    if isinstance(verdict, Refusal):
        raise_refusal(verdict)
    if isinstance(verdict, Unknown):
        raise OutcomeUnknown(
            f"{verdict.reason} Whether it was written is unknown: repeat the call with "
            f"idempotency_key={group.key!r} to settle it.",
            idempotency_key=group.key,
        )
    return verdict.receipts


def raise_refusal(refusal: Refusal, **more: Any) -> NoReturn:
    """Raise a refusal as the error its code names."""
    facts = {**refusal.facts, **more}
    message = facts.pop("message", refusal.message)
    raise BY_CODE[refusal.code](message, **facts)
