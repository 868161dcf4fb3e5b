"""Instead: which line of a text stands now for one that was taken out.

A line that cites the very line was condensed from it: its writer says so. Otherwise the line
that shares most words with it, if those are enough to tell that one became the other. What
stands in the same place and says something else is not quoted: a reader would take it for what
the source says now.

Worked example. Version 9 condensed "Churn fell 12% in Q3." (`findings@4#L2`) and five others to
"Losses slowed [findings@4#L2]." and "Revenue rose.". The first is named, and had it cited
nothing, neither would be.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final, NamedTuple

from commonplace.core.text import Text
from commonplace.errors import InvalidReference
from commonplace.explain.past.likeness import ALIKE, SLIGHTLY, Index, in_common, words
from commonplace.explain.past.standing import States, Window
from commonplace.explain.reports.bracket import brackets
from commonplace.model.entry import EntryKey, Line
from commonplace.model.reference import AtVersion, Reference
from commonplace.storage.step import Program

_LOOKED_AROUND: Final = 1000
"""Lines on either side of a gone one among which one is looked for that still stands."""
_COMPARED: Final = 64
"""Lines in the place of a gone one that are compared with it, whatever their words; and versions
in which it stood that are looked at for what cites it."""
_CITED: Final = 64
"""Lines of a passage that is cited line by line; a longer one names none in particular."""


class Found(NamedTuple):
    """The place of a line of the head, and whether it says itself that it cites the gone one."""

    place: int
    cites: bool


class _Gap(NamedTuple):
    """What was taken out around a line, `gone` lines, and the places that stand there now."""

    gone: int
    places: range


@dataclass
class Instead:
    """The lines that stand now in one entry, asked for what stands for lines that do not."""

    states: States
    _cited: dict[int, dict[Line, list[int]]] = field(default_factory=dict)
    _numbers: tuple[int, dict[Line, int]] = (0, {})

    def line(self, line: Line, lived: Window) -> Program[Found | str]:
        """The line that stands for one that is gone; or what to say where none is known."""
        end = lived.end or self.states.head.version
        citing = yield from self._citing_line(line, lived, end)
        if citing is not None:
            return Found(citing, cites=True)
        gap = yield from self._gap(line, end)
        fresh = (place for place in gap.places if self._head[place].version >= end) if gap else ()
        between = list(islice(fresh, _COMPARED))
        best = self._likest(line, end, between, alone=bool(gap and gap.gone == 1))
        if best is not None:
            return Found(best, cites=False)
        if gap is None:
            return "What stands in its place cannot be told."
        return "" if between else "Nothing stands in its place."

    # --- by what lines cite -------------------------------------------------------------------

    def _citing_line(self, line: Line, lived: Window, end: int) -> Program[int | None]:
        """The line of the head, written since, that cites this very line in some version."""
        versions = sorted(self._citations)
        first, stop = bisect_left(versions, lived.first), bisect_left(versions, end)
        for version in versions[first:stop][-_COMPARED:]:
            if version not in self._cited:
                self._cited[version] = yield from self._cited_lines(version)
            for place in self._cited[version].get(line, ()):
                if self._head[place].version >= end:
                    return place
        return None

    def _cited_lines(self, version: int) -> Program[dict[Line, list[int]]]:
        """The lines of a version that lines of the head cite, and the places of those."""
        found: dict[Line, list[int]] = {}
        state = yield from self.states.at(version)
        text = state.value if state is not None and isinstance(state.value, tuple) else ()
        for size, first, place in sorted(self._citations[version]):
            for line in text[first - 1 : first - 1 + size]:
                found.setdefault(line, []).append(place)
        return found

    @cached_property
    def _citations(self) -> dict[int, list[tuple[int, int, int]]]:
        """What lines of the head cite, by version: how many lines, the first of them, and where."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        for place, line in enumerate(self._head):
            for reference in _references(line.text, self.states.key):
                if isinstance(reference.at, AtVersion) and reference.lines is not None:
                    first, last = reference.lines
                    if last - first < _CITED:
                        some = found.setdefault(reference.at.version, [])
                        some.append((last - first + 1, first, place))
        return found

    # --- by what lines say --------------------------------------------------------------------

    def _likest(self, line: Line, end: int, between: list[int], *, alone: bool) -> int | None:
        """The place of the line, written since, that says most of the same; in its place first."""
        told, mine = self._index.told, words(line.text)
        near = {place for place in self._index.near(line.text) if self._head[place].version >= end}
        near.update(between)
        rated = ((in_common(mine, told[n]), n in between, -n) for n in near)
        alike, _, best = max(rated, default=(0.0, False, 0))
        least = SLIGHTLY if alone and between == [-best] else ALIKE
        return -best if alike >= least else None

    def _gap(self, line: Line, end: int) -> Program[_Gap | None]:
        """The lines that stood around one when it was taken out, and what is between them now."""
        last = yield from self.states.at(end - 1)
        text = last.value if last is not None and isinstance(last.value, tuple) else ()
        if self._numbers[0] != end:
            self._numbers = end, {each: n for n, each in enumerate(text)}
        at = self._numbers[1].get(line)
        if at is None:
            return None
        places = self._places
        before = range(at - 1, max(-1, at - 1 - _LOOKED_AROUND), -1)
        after = range(at + 1, min(len(text), at + 1 + _LOOKED_AROUND))
        low = next((n for n in before if text[n] in places), None)
        high = next((n for n in after if text[n] in places), None)
        first = 0 if low is None else places[text[low]] + 1
        stop = len(self._head) if high is None else places[text[high]]
        gone = (len(text) if high is None else high) - (-1 if low is None else low) - 1
        return _Gap(gone, range(first, stop))

    @property
    def _head(self) -> Text:
        return self.states.text

    @cached_property
    def _places(self) -> dict[Line, int]:
        return {line: place for place, line in enumerate(self._head)}

    @cached_property
    def _index(self) -> Index:
        return Index.of(line.text for line in self._head)


def _references(text: str, key: EntryKey) -> Iterator[Reference]:
    """What a line cites of an entry."""
    if "#L" not in text:
        return
    for bracket in brackets(text):
        if not bracket.is_meant:
            continue
        try:
            reference = Reference.parse(bracket.text)
        except InvalidReference:
            continue
        named = str(reference.namespace or key.namespace), reference.region, reference.key
        if named == tuple(key):
            yield reference
