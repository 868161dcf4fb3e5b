"""Erasure: how far it reaches from the versions asked for.

A version is erased with its bytes. With it go later versions of the same entry that *edited*
one of its lines (what they wrote holds the rest of that line) or *repeat* what it said. A
repetition is a piece of at least MIN_PIECE characters found anywhere, or a shorter one found
as a whole line. Versions that merely quote an erased line to say where they insert lose
their bytes too, but not the lines they put there.

What a version *said* are its lines in a text, and in JSON the strings that the version
before it did not hold: erasing the version that introduced a password does not reach the
title that stood before and after.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from commonplace.model.entry import Line

MIN_PIECE: Final = 8
"""Characters from which a piece counts as repeated wherever it is found."""


@dataclass(slots=True)
class Reach:
    """What an erasure covers: `blank` loses its lines, `destroy` its bytes (and holds `blank`)."""

    blank: set[int]
    destroy: set[int] = field(default_factory=set)
    pieces: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.destroy |= self.blank

    def take(self, version: int) -> None:
        """Cover one more version, lines and bytes."""
        self.blank.add(version)
        self.destroy.add(version)


def strings(value: Any) -> Iterator[str]:
    """Every string in plain data, member names left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def pieces(texts: Iterable[str]) -> set[str]:
    """The lines of texts, stripped, without empty ones."""
    return {line.strip() for text in texts for line in text.split("\n") if line.strip()}


def wrote(arguments: Mapping[str, Any]) -> Iterator[str]:
    """What a write put there, and not what it quoted to say where."""
    for name in ("text", "new"):
        if name in arguments:
            yield arguments[name]
    for hunk in arguments.get("hunks", ()):
        yield from hunk["lines"]
    if "value" in arguments:
        yield from strings(arguments["value"])


def quoted(arguments: Mapping[str, Any]) -> Iterator[str]:
    """What a write quoted from the text to say where."""
    for name in ("old", "after"):
        if isinstance(arguments.get(name), str):
            yield arguments[name]


def repeats(texts: Iterable[str], erased: set[str]) -> bool:
    """Whether any of the texts repeats an erased piece."""
    for text in texts:
        if not erased.isdisjoint(pieces([text])):
            return True
        if any(len(piece) >= MIN_PIECE and piece in text for piece in erased):
            return True
    return False


def quotes(texts: Iterable[str], erased: set[str]) -> bool:
    """Whether any of the texts quotes a part of an erased piece, or all of it."""
    parts = pieces(texts)
    return any(part in piece or piece in part for part in parts for piece in erased)


def edited_names(arguments: Mapping[str, Any]) -> set[int]:
    """The versions whose lines an `edit` removed, by the names it gives."""
    return {name[0] for hunk in arguments.get("hunks", ()) for name in hunk["remove"]}


def removed(before: Iterable[Line], after: Iterable[Line]) -> set[int]:
    """The versions of lines that stood before a change and not after it."""
    left = {line[:2] for line in after}
    return {line.version for line in before if line[:2] not in left}
