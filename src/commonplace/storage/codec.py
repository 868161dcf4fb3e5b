"""Codec: values to bytes once, before any engine sees them, and back.

The canonical form is JSON with sorted keys, no white space, UTF-8. The one rule for what a
value may be is `check_value`: whatever two engines, two languages or two JSON readers could
take differently is refused.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from commonplace import limits
from commonplace.core import text
from commonplace.core.reserved import Terms
from commonplace.errors import InvalidValue, LimitExceeded

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder()

encode = _encoder.encode
"""Plain data to canonical bytes. The data must have passed `check_value` or be ours."""
decode = _decoder.decode
"""Canonical bytes to plain data."""


def check_text(value: object, what: str) -> str:
    """Return `value` if it is storable text, with line ends as `\\n`.

    Refuses what is not a string, lone surrogates and NUL. CRLF and CR become `\\n`, since
    a block is lines and an agent that quotes one must find it.
    """
    if not isinstance(value, str):
        raise InvalidValue(f"{what} must be a string, not {type(value).__name__}.")
    value = str.__str__(value)  # markup types change what they are joined with
    fault = _fault_in(value)
    if fault:
        raise InvalidValue(f"{what} {fault}")
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return value


def _fault_in(value: str) -> str:
    """What is wrong with the characters of a string; "" when nothing is."""
    if "\0" in value:
        return f"holds NUL at offset {value.index(chr(0))}. Remove it."
    if value.isascii():
        return ""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"holds a lone surrogate at offset {error.start}, which is no text."
    return ""


def check_size(size: int, what: str, limit: int) -> None:
    """Refuse `size` bytes above `limit`, saying by how much."""
    if size > limit:
        raise LimitExceeded(
            f"Not written. {what} has {size} bytes, {size - limit} more than the limit of {limit}.",
            limit=limit,
            actual=size,
            excess=size - limit,
        )


def check_value(value: Any, what: str = "value") -> Any:
    """Return `value` as plain data if it is canonical JSON, or raise `InvalidValue`.

    Allowed: null, booleans, integers of 64 bits, finite floats, strings without NUL or lone
    surrogates, lists, and mappings with string keys, nested at most MAX_VALUE_DEPTH deep.
    Tuples become lists; -0.0 becomes 0.0; a copy is returned, never the caller's object.
    """
    try:
        return _check(value, 0)
    except _Fault as fault:
        raise InvalidValue(f"{what}{''.join(reversed(fault.path))} {fault.reason}") from None


class _Fault(Exception):
    """Why a value is refused, and on its way out the path to the place, innermost first."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.path: list[str] = []


def _check(value: Any, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        fault = _fault_in(value)
        if fault:
            raise _Fault(fault)
        return value
    if kind is int:
        if limits.MIN_INTEGER <= value <= limits.MAX_INTEGER:
            return value
        raise _Fault("is an integer beyond 64 bits: store it as a string.")
    if kind is float:
        if math.isfinite(value):
            return value or 0.0
        raise _Fault(f"is {value}, which JSON has no word for: store null.")
    is_list = isinstance(value, list | tuple)
    if not is_list and not isinstance(value, Mapping):
        raise _Fault(f"is of type {kind.__name__}, which is not JSON: convert it first.")
    if depth == limits.MAX_VALUE_DEPTH:
        raise _Fault(f"is nested more than {limits.MAX_VALUE_DEPTH} deep.")
    return _check_items(value, depth + 1) if is_list else _check_members(value, depth + 1)


def _check_items(items: Iterable[Any], depth: int) -> list[Any]:
    checked: list[Any] = []
    try:
        for item in items:
            checked.append(_check(item, depth))  # noqa: PERF401  # its length is the place
    except _Fault as fault:
        fault.path.append(f"[{len(checked)}]")
        raise
    return checked


def _check_members(members: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for name, item in members.items():
        if type(name) is not str:
            raise _Fault(f"has the member name {_shown(name)}: member names are strings.")
        fault = _fault_in(name)
        if fault:
            raise _Fault(f"has the member name {_shown(name)}, which {fault}")
        try:
            checked[name] = _check(item, depth)
        except _Fault as error:
            error.path.append(f".{name}" if name.isidentifier() else f"[{_shown(name)}]")
            raise
    return checked


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 40 else text[:37] + "..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, count in names.items() if count > 1)
        raise InvalidValue(f"the member {twice!r} occurs twice: readers would disagree.")
    return found


def parse_json(source: str | bytes, what: str = "value") -> Any:
    """Read JSON from outside. Raises `InvalidValue` for NaN, duplicate keys and the rest."""
    try:
        value = json.loads(source, object_pairs_hook=_unique)
    except RecursionError:
        raise InvalidValue(f"{what} is nested more than {limits.MAX_VALUE_DEPTH} deep.") from None
    except InvalidValue:
        raise
    except (TypeError, ValueError) as error:  # no JSON, no UTF-8, a number of 5,000 digits
        raise InvalidValue(f"{what} is not JSON: {error}.") from None
    return check_value(value, what)


def encode_checkpoint(value: Any) -> bytes:
    """A folded value as the bytes of a checkpoint."""
    if isinstance(value, tuple):
        return encode({"lines": text.to_plain(value)})
    assert not isinstance(value, Terms), "a contract is always whole and needs no checkpoint"
    return encode({"value": value})


def decode_checkpoint(data: bytes) -> Any:
    """The reverse of `encode_checkpoint`."""
    plain = decode(data)
    if "lines" in plain:
        return text.from_plain(plain["lines"])
    return plain["value"]
