"""Bracket: the square brackets of a paragraph, and which of them are meant as citations.

A citation is a reference in brackets that names a version, lines or both, `[findings@12#L3]`.
Brackets without either are none: `[1]`, `[x]`, `[findings]`. Nor is an e-mail address, a mention
(`[@ada]`), what is escaped (`\\[`), or the text of a link, unless it names version and lines.
What is meant as a citation and cannot be read as one is a fault of the report, not prose.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(r"\\.|[\[\]()]", re.DOTALL)
_DESTINATION: Final = re.compile(
    r"\((?:[^()\[\]\s]|\([^()\[\]\s]*\))*+(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)"
)
_DEFINITION: Final = re.compile(r":[ \t]+\S+[ \t]*(?:[\"'(][^\n]*)?(?=\n|\Z)")
_LINES: Final = re.compile(r"#L[0-9]")
_WHOLE: Final = re.compile(r"@(?:-?[0-9]|r[0-9])[^\s#]*#L[0-9]")
_PINNED: Final = re.compile(r"[^\s@,;()\[\]]@(?:-?[0-9]|r[0-9])")
_OTHER: Final = re.compile(r"\^|@[^\W\d_]|[^@\s]+@[^\W\d_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{2,}\Z")
"""A footnote, a mention, an e-mail address."""
_WORD: Final = re.compile(r"\S*")
_SPLIT: Final = re.compile(r"[\s,;]")


@dataclass(slots=True)
class Bracket:
    """A pair of square brackets: where it opens and closes (-1: it does not), and what it says.

    `text` ends where another bracket opens inside (`holds`). `inside` says that another pair
    stands around it, and `links` that it is the text of a Markdown link or the name of one.
    """

    start: int
    end: int
    text: str
    holds: bool
    inside: bool
    links: bool

    @property
    def is_meant(self) -> bool:
        """Whether somebody wrote this to cite something."""
        text = self.text
        if _OTHER.match(text):
            return False
        if self.links:
            return bool(_WHOLE.search(text))
        if self.end < 0 or _SPLIT.search(text):
            return bool(_LINES.search(text) or _PINNED.search(text))
        return "@" in text or bool(_LINES.search(text))


class _Open:
    """A bracket that was opened; `end` is -1 until its own kind closes it."""

    __slots__ = ("end", "inner", "inside", "is_square", "outer", "start")

    def __init__(self, start: int, is_square: bool, outer: "_Open | None") -> None:
        self.start, self.is_square, self.outer = start, is_square, outer
        self.end = self.inner = -1
        self.inside = False


def brackets(text: str) -> Iterator[Bracket]:
    """The square brackets of a paragraph, in the order in which they open."""
    opened = _paired(text)
    for each in opened:
        outer = each.outer
        each.inside = outer is not None and (outer.inside or (outer.is_square and outer.end >= 0))
        if each.is_square:
            yield _bracket(text, each)


def _paired(text: str) -> list[_Open]:
    """Everything that was opened. An interval such as `[0, 1)` opens and closes no pair."""
    opened: list[_Open] = []
    standing: list[_Open] = []
    for match in _TOKEN.finditer(text):
        token, at = match[0], match.start()
        if token in "[(":
            outer = standing[-1] if standing else None
            if outer is not None and outer.inner < 0:
                outer.inner = at
            standing.append(_Open(at, token == "[", outer))
            opened.append(standing[-1])
        elif token in "])" and standing:
            last = standing.pop()
            if last.is_square == (token == "]"):
                last.end = at
            elif last.inner < 0:
                last.inner = at
    return opened


def _bracket(text: str, opened: _Open) -> Bracket:
    start, end = opened.start, opened.end
    holds = opened.inner >= 0 and end >= 0
    stop = opened.inner if opened.inner >= 0 else end
    if stop < 0:  # nothing opens or closes behind it: it says one word
        word = _WORD.match(text, start + 1)
        stop = word.end() if word else start + 1
    said = text[start + 1 : stop]
    return Bracket(start, end, said, holds, opened.inside, end >= 0 and _links(text, opened))


def _links(text: str, opened: _Open) -> bool:
    """Whether a pair is the text of `[text](address)` or the name in `[name]: address`."""
    if _DESTINATION.match(text, opened.end + 1):
        return True
    before = text[max(0, opened.start - 4) : opened.start]
    begins_line = not before.strip() and ("\n" in before or len(before) < 4)
    return begins_line and bool(_DEFINITION.match(text, opened.end + 1))


def destination_end(text: str, bracket: Bracket) -> int:
    """Where the address behind the text of a link ends, if there is one: else the bracket."""
    found = _DESTINATION.match(text, bracket.end + 1)
    return found.end() if found else bracket.end + 1
