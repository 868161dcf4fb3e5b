"""Publication: what a channel's writer is about to publish or send, checked, as arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from commonplace.core import text as lines_of
from commonplace.errors import InvalidValue
from commonplace.limits import MAX_TEXT_BYTES
from commonplace.model.entry import Entry, EntryKey
from commonplace.model.reference import Reference
from commonplace.storage.codec import check_size, check_text, check_value, encode
from commonplace.storage.programs.exchange import Channel, Sending
from commonplace.storage.programs.reading import Found
from commonplace.storage.views import entry_view


@dataclass(frozen=True, slots=True)
class Publication:
    """A value to publish: the operation that does it, and its arguments.

    `stands` says that the value is what is published already.
    """

    operation: str
    arguments: dict[str, Any]
    stands: bool

    @classmethod
    def of(cls, channel: Channel, value: Any) -> "Publication":
        """A value for a channel. Raises `InvalidValue` for one that it does not hold."""
        found = channel.published
        is_there = found.version > 0 and not found.dead
        if channel.holds == "json":
            value = check_value(value)
            stands = is_there and encode(found.value) == encode(value)
            return cls("put", {"value": value}, stands)
        if not isinstance(value, str):
            raise InvalidValue(
                f"{channel.key.reference()} holds text, and this is a {type(value).__name__}: say "
                "what to publish as text, to commit() with value=."
            )
        text = check_text(value, "value")
        check_size(len(text.encode()), "the text", MAX_TEXT_BYTES)
        stands = is_there and [line.text for line in found.value] == lines_of.split(text)
        return cls("rewrite", {"text": text}, stands)

    @property
    def asked(self) -> dict[str, Any]:
        """The value as a retry must give it again."""
        return {"value": next(iter(self.arguments.values()))}


def dispatched(
    to: str, payload: Any, sent: Sending, *, follows: str = "", since: int = 0
) -> dict[str, Any]:
    """The arguments of `dispatch`."""
    return {
        "to": to,
        "payload": payload,
        "pin": sent.pin,
        "version": sent.version,
        "follows": follows,
        "since": since,
    }


def sources_of(first: Reference | None, options: Mapping[str, Any]) -> list[Reference | str]:
    """What a write was made from: `first`, and what its caller names besides."""
    named: Sequence[Reference | str] | Reference = options.get("based_on", ())
    sources = [named] if isinstance(named, str | Reference) else list(named)
    if first is None or str(first) in map(str, sources):
        return sources
    return [first, *sources]


def published_entry(key: EntryKey, found: Found, holds: str) -> Entry:
    """A published value as an Entry: in a channel of JSON, nothing is null and no empty text."""
    entry = entry_view(key, found)
    return replace(entry, value=None) if holds == "json" and found.value is None else entry
