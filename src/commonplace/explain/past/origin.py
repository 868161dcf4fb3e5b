"""Origin: where the words of a line came from, through every write that it went through.

Plain blame names the write that put a line there. A `replace` of one word, an `edit`, a
condensation or a rewrite put whole lines there, most of whose words are older: here they are
followed back, write by write, to the lines they came from.

Of a `replace` it is known to the character which write each piece came from (`pieces`). Of other
writes only the lines that went and those that came are known; they are taken for each other when
they say the same (`same`, credited to the first author as git's blame would) or share enough of
their words.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from commonplace.core.text import Text, locate, starts
from commonplace.core.verdict import Refusal
from commonplace.explain.past.likeness import Kin, kin_of_condensed, kin_of_edited, kin_of_rewritten
from commonplace.explain.past.standing import States
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.entry import Line
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.storage.programs.provenance import records_of_versions
from commonplace.storage.step import Program

MAX_STEPS: Final = 32
"""Lines that one line is followed back through."""

Relation = Literal["same", "edited from", "condensed from", "rewritten from"]
_RELATIONS: Final[Mapping[str, Relation]] = {
    "condense": "condensed from",
    "rewrite": "rewritten from",
}
_BEGINS: Final = frozenset({"append", "insert"})


@dataclass(frozen=True, slots=True)
class Origin:
    """An older line that words came from, and how: the same, edited, condensed or rewritten.

    `reference` names it where it last stood, and `record` is the write that put it there (None:
    archived, or hidden from this reader). `depth` 1 is where the line itself came from, 2 where
    those lines came from.
    """

    relation: Relation
    reference: Reference
    text: str
    version: int
    record: Record | None
    depth: int

    def __str__(self) -> str:
        who = f" by {self.record.actor}" if self.record else ""
        return f"{self.relation} {self.reference}{who}: {self.text}"


class Piece(NamedTuple):
    """Some characters of a line, and the version that wrote them."""

    version: int
    text: str


class _Part(NamedTuple):
    """Characters [start, end) of an older line; `line` None: the record itself wrote them."""

    line: Line | None
    start: int
    end: int


class _Change(NamedTuple):
    """A record with the text before and after it."""

    record: Record
    before: Text
    after: Text


@dataclass(slots=True)
class Tracer:
    """Follows the lines of one entry back; what it has learned serves every line of it."""

    states: States
    _records: dict[int, Record | None] = field(default_factory=dict)
    _unknown: set[int] = field(default_factory=set)
    _changes: dict[int, _Change | None] = field(default_factory=dict)
    _kin: dict[int, Mapping[int, Sequence[Kin]]] = field(default_factory=dict)

    def records(self, versions: Iterable[int]) -> Program[Mapping[int, Record | None]]:
        """The records that made versions; None for one that is archived or hidden."""
        missing = [version for version in versions if version not in self._records]
        for start in range(0, len(missing), MAX_PAGE_ROWS):
            page = missing[start : start + MAX_PAGE_ROWS]
            found = yield from records_of_versions(self.states.reader, self.states.key, page)
            self._records.update((version, found.get(version)) for version in page)
        return self._records

    def prepare(self, lines: Iterable[Line]) -> Program[None]:
        """Learn how lines came to be, in the order of their writes: each is read off the last."""
        versions = sorted({line.version for line in lines})
        records = yield from self.records(versions)
        for version in versions:
            if not _begins(records[version]):
                yield from self._kin_by_place(version)

    def pieces(self, line: Line, start: int = 0, end: int | None = None) -> Program[list[Piece]]:
        """Which version wrote each piece of a line, or of a part of it, through replacements."""
        waiting = [_Part(line, start, len(line.text) if end is None else end)]
        found: list[Piece] = []
        for step in range(MAX_STEPS * MAX_STEPS):
            if not waiting:
                break
            source, first, last = waiting.pop()
            assert source is not None
            parts: Sequence[_Part] | None = None
            if step < MAX_STEPS:
                parts = yield from self._replaced(source, first, last)
            if parts is None:
                found.append(Piece(source.version, source.text[first:last]))
                continue
            # What the record wrote has no older lines: place -1 says so.
            own = source._replace(place=-1)
            waiting += [part._replace(line=part.line or own) for part in reversed(parts)]
        return found

    def origins(self, line: Line) -> Program[tuple[Origin, ...] | None]:
        """The older lines that a line came from, nearest first; empty: its writer began it.

        None: bytes are gone that would tell, or it would have taken too many.
        """
        if _begins((yield from self.records([line.version]))[line.version]):
            return ()
        found: list[Origin] = []
        waiting = [(line, 1)]
        seen = {line[:2]}
        for _ in range(MAX_STEPS):
            if not waiting:
                break
            each, depth = waiting.pop(0)
            kin = [one for one in (yield from self._kin_of(each)) if one.line[:2] not in seen]
            records = yield from self.records([one.line.version for one in kin])
            made_by = records.get(each.version)
            operation = made_by.operation if made_by else ""
            for one in kin:
                seen.add(one.line[:2])
                relation = "same" if one.same else _RELATIONS.get(operation, "edited from")
                whole = self.states.key.reference(each.version - 1)
                named = replace(whole, lines=(one.number, one.number))
                record = records[one.line.version]
                found.append(
                    Origin(relation, named, one.line.text, one.line.version, record, depth)
                )
                waiting.append((one.line, depth + 1))
        return None if line.version in self._unknown else tuple(found)

    # --- one write ----------------------------------------------------------------------------

    def _kin_of(self, line: Line) -> Program[Sequence[Kin]]:
        """The lines of the text before it that a line came from by the write that made it."""
        kin = (yield from self._kin_by_place(line.version)).get(line.place, ())
        parts = yield from self._replaced(line, 0, len(line.text))
        if parts is None:
            return kin
        change = yield from self._change(line.version)
        assert change is not None
        kept = dict.fromkeys(part.line for part in parts if part.line is not None)
        numbers = [Kin(each, change.before.index(each) + 1, same=False) for each in kept]
        return numbers or kin

    def _kin_by_place(self, version: int) -> Program[Mapping[int, Sequence[Kin]]]:
        if version not in self._kin:
            change = yield from self._change(version)
            self._kin[version] = {} if change is None else _kin(change)
        return self._kin[version]

    def _change(self, version: int) -> Program[_Change | None]:
        """The write that made a version, unless it only added or what stood is not known."""
        if version not in self._changes:
            self._changes[version] = yield from self._load(version)
        return self._changes[version]

    def _load(self, version: int) -> Program[_Change | None]:
        record = (yield from self.records([version]))[version]
        if _begins(record):
            return None
        before = yield from self.states.at(version - 1)
        after = yield from self.states.at(version)
        if record is None or record.arguments is None or before is None or after is None:
            self._unknown.add(version)
            return None
        if not isinstance(before.value, tuple) or not isinstance(after.value, tuple):
            return None
        return _Change(record, before.value, after.value)

    def _replaced(self, line: Line, start: int, end: int) -> Program[Sequence[_Part] | None]:
        """The parts of [start, end) of a line that a `replace` made; None: made otherwise."""
        if line.place < 0:
            return None
        change = yield from self._change(line.version)
        if change is None or change.record.operation != "replace" or line not in change.after:
            return None
        return list(_parts(change, line, start, end))


def _begins(record: Record | None) -> bool:
    """Whether a record's lines are new, whatever they say."""
    return record is not None and record.operation in _BEGINS


def _parts(change: _Change, line: Line, start: int, end: int) -> Iterator[_Part]:
    arguments: Mapping[str, Any] = change.record.arguments or {}
    old, new = arguments["old"], arguments["new"]
    place = locate(change.before, old)
    assert not isinstance(place, Refusal)  # it was applied once
    # `at` is where the line begins in the text that took the place of the lines touched.
    after, before = starts(change.after), starts(change.before)
    at = after[change.after.index(line)] - after[place.first]
    written = place.offset, place.offset + len(new)
    spans = ((0, written[0], 0), (*written, None), (written[1], at + end, len(old) - len(new)))
    for first, last, moved in spans:
        a, b = max(first, at + start), min(last, at + end)
        if a < b and moved is None:
            yield _Part(None, a - at, b - at)
        elif a < b:
            assert moved is not None
            where = before[place.first] + a + moved
            index = bisect_right(before, where) - 1
            offset = where - before[index]
            yield _Part(change.before[index], offset, offset + b - a)


def _kin(change: _Change) -> Mapping[int, Sequence[Kin]]:
    """For each line that a write made, by place, the lines before it that it came from."""
    version = change.record.version
    lines = [line for line in change.after if line.version == version]
    left = {line[:2] for line in change.after}
    gone = [Kin(line, n) for n, line in enumerate(change.before, 1) if line[:2] not in left]
    operation = change.record.operation
    if operation == "condense":
        return kin_of_condensed(gone, lines)
    if operation == "rewrite":
        return kin_of_rewritten(gone, lines)
    arguments = change.record.arguments or {}
    if "hunks" in arguments:
        return kin_of_edited(gone, lines, arguments["hunks"])
    return kin_of_rewritten(gone, lines)
