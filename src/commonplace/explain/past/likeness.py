"""Likeness: which of the lines that a write took out became which of those that it put in.

Nobody recorded it, so it is judged by words, in time that grows with the text: lines that say
the same are the same, and others belong together when they share enough of their words.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from commonplace.core.difference import MAX_PAIRS, differences
from commonplace.model.entry import Line

ALIKE: Final = 0.5
"""Share of words in common from which one of several lines counts as the one it was."""
SLIGHTLY: Final = 0.2
"""The same for the only line that was taken out where the only one was put in."""
MAX_SOURCES: Final = 8
"""Lines that one condensed line is taken to come from."""
_COMMON: Final = 64
"""Lines that may have a word before it tells nothing of any of them."""

_WORD = re.compile(r"\w+")


class Kin(NamedTuple):
    """A line that was taken out, and its number in the text before; whether it says the same."""

    line: Line
    number: int
    same: bool = False


KinByPlace = Mapping[int, Sequence[Kin]]
"""For the lines that a write made, by their place, the lines that each came from."""


def words(text: str) -> frozenset[str]:
    """The words of a text, as far as likeness goes."""
    return frozenset(_WORD.findall(text.lower()))


def likeness(one: str, other: str) -> float:
    """The share of words that two lines have in common, from 0 to 1."""
    return in_common(words(one), words(other))


def in_common(mine: frozenset[str], theirs: frozenset[str]) -> float:
    """The same for lines whose words are known."""
    both = len(mine) + len(theirs)
    return 2 * len(mine & theirs) / both if both else 0.0


def kin_of_rewritten(gone: Sequence[Kin], lines: Sequence[Line]) -> KinByPlace:
    """By the difference of the two texts; a line that was only moved is the same, too."""
    spans = differences([each.line.text for each in gone], [line.text for line in lines])
    found: dict[int, Sequence[Kin]] = {}
    at_old = at_new = 0
    for i1, i2, j1, j2 in (*spans, (len(gone), len(gone), len(lines), len(lines))):
        for kept, line in zip(gone[at_old:i1], lines[at_new:j1], strict=True):
            found[line.place] = (kept._replace(same=True),)
        found.update(_paired(gone[i1:i2], lines[j1:j2]))
        at_old, at_new = i2, j2
    index: Index | None = None
    moved = {each.line.text: each for each in reversed(gone) if each.line.text.strip()}
    for line in lines:
        one = moved.get(line.text)
        if one is not None and not any(each.same for each in found.get(line.place, ())):
            found[line.place] = (one._replace(same=True),)
        elif line.place not in found:
            index = index or Index.of(each.line.text for each in gone)
            near = {n: likeness(gone[n].line.text, line.text) for n in index.near(line.text)}
            best = max(near, key=lambda n: (near[n], -n), default=None)
            if best is not None and near[best] >= ALIKE:
                found[line.place] = (gone[best],)
    return found


def kin_of_edited(
    gone: Sequence[Kin], lines: Sequence[Line], hunks: Iterable[Mapping[str, Any]]
) -> KinByPlace:
    """Hunk by hunk, as the edit itself says which lines it took out for which."""
    by_name = {each.line[:2]: each for each in gone}
    by_place = {line.place: line for line in lines}
    found: dict[int, Sequence[Kin]] = {}
    fresh = 0
    for hunk in hunks:
        places = range(fresh, fresh + len(hunk["lines"]))
        fresh = places.stop
        old = [by_name[tuple(name)] for name in hunk["remove"] if tuple(name) in by_name]
        found.update(_paired(old, [by_place[n] for n in places if n in by_place]))
    return found


def kin_of_condensed(gone: Sequence[Kin], lines: Sequence[Line]) -> KinByPlace:
    """For each line of the summary those that went into it: most of their words are in it."""
    same = {each.line.text: each for each in reversed(gone) if each.line.text.strip()}
    index = Index.of(each.line.text for each in gone)
    found: dict[int, Sequence[Kin]] = {}
    for line in lines:
        if line.text in same:
            found[line.place] = (same[line.text]._replace(same=True),)
            continue
        mine = words(line.text)
        share = {n: len(index.told[n] & mine) / len(index.told[n]) for n in index.near(line.text)}
        ranked = sorted(share, key=lambda n: (-share[n], n))
        enough = [n for n in ranked[:MAX_SOURCES] if share[n] >= ALIKE]
        if enough:
            found[line.place] = [gone[n] for n in sorted(enough)]
    return found


class Index(NamedTuple):
    """The words of some lines, and which of the lines have each."""

    told: Sequence[frozenset[str]]
    holding: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Index":
        """The index of some lines."""
        told = [words(text) for text in texts]
        holding: dict[str, list[int]] = {}
        for n, some in enumerate(told):
            for word in some:
                holding.setdefault(word, []).append(n)
        return cls(told, holding)

    def near(self, text: str) -> set[int]:
        """The lines that share a word with a text, of those few enough to tell something."""
        shared = (self.holding.get(word, ()) for word in words(text))
        return {n for some in shared if len(some) <= _COMMON for n in some}


def _paired(gone: Sequence[Kin], lines: Sequence[Line]) -> Iterator[tuple[int, Sequence[Kin]]]:
    """The lines of one place in a text that became others; where they are too many, by order."""
    alone = len(gone) == len(lines) == 1
    for n, line in enumerate(lines):
        near = gone if len(gone) * len(lines) <= MAX_PAIRS else gone[n : n + 1]
        rated = [(likeness(each.line.text, line.text), -i) for i, each in enumerate(near)]
        if rated and max(rated)[0] >= (SLIGHTLY if alone else ALIKE):
            one = near[-max(rated)[1]]
            yield line.place, (one._replace(same=one.line.text == line.text),)
