"""Diff: what changed between two references, line by line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from commonplace.core.difference import Span, differences
from commonplace.explain.lookup import Passage, find, key_of, passage
from commonplace.model.entry import Line
from commonplace.model.reference import AtVersion, Reference
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program

CONTEXT_LINES = 3
"""Unchanged lines shown around each change."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a hunk: kept (" "), taken out ("-") or put in ("+").

    `reference` names it in the new text, or in the old one if it is not there any more;
    `version` is that of the write which put it there.
    """

    sign: Literal[" ", "-", "+"]
    text: str
    version: int
    reference: Reference


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changes with the lines around them; line numbers count from 1."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[DiffLine, ...]

    @property
    def header(self) -> str:
        """The line that heads a hunk in a unified diff."""
        old = self.old_start if self.old_count else self.old_start - 1
        new = self.new_start if self.new_count else self.new_start - 1
        return f"@@ -{old},{self.old_count} +{new},{self.new_count} @@"


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes that lead from `old` to `new`, both pinned to a version."""

    old: Reference
    new: Reference
    hunks: tuple[Hunk, ...]

    def __bool__(self) -> bool:
        return bool(self.hunks)

    def __str__(self) -> str:
        """A unified diff; empty when nothing changed."""
        if not self.hunks:
            return ""
        lines = [f"--- {self.old}", f"+++ {self.new}"]
        for hunk in self.hunks:
            lines += [hunk.header, *(line.sign + line.text for line in hunk.lines)]
        return "\n".join(lines)


def diff(reader: Reader, old: Reference | None, new: Reference) -> Program[Diff]:
    """The difference between two references; without `old`, since the version before `new`."""
    found = yield from find(reader, new)
    after = passage(new, found)
    if old is None:
        version = max(found.version - 1, 0)
        old = replace(new, at=AtVersion(version), lines=None)
    before = passage(old, (yield from find(reader, old)))
    return Diff(before.reference, after.reference, tuple(_hunks(before, after)))


def _hunks(before: Passage, after: Passage) -> Iterator[Hunk]:
    spans = differences([line.text for line in before.lines], [line.text for line in after.lines])
    for group in _groups(spans):
        yield _hunk(before, after, group)


def _groups(spans: Sequence[Span]) -> Iterator[list[Span]]:
    """Spans so near to each other that the lines around them would meet."""
    group: list[Span] = []
    for span in spans:
        if group and span[0] - group[-1][1] > 2 * CONTEXT_LINES:
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def _hunk(before: Passage, after: Passage, group: Sequence[Span]) -> Hunk:
    lead = min(CONTEXT_LINES, group[0][0])
    old_at, new_at = group[0][0] - lead, group[0][2] - lead
    old_end = min(len(before.lines), group[-1][1] + CONTEXT_LINES)
    new_end = group[-1][3] + old_end - group[-1][1]
    lines: list[DiffLine] = []
    kept = new_at
    for i1, i2, j1, j2 in (*group, (old_end, old_end, new_end, new_end)):
        lines += (_line(" ", after, n) for n in range(kept, j1))
        lines += (_line("-", before, n) for n in range(i1, i2))
        lines += (_line("+", after, n) for n in range(j1, j2))
        kept = j2
    return Hunk(
        before.first + old_at,
        old_end - old_at,
        after.first + new_at,
        new_end - new_at,
        tuple(lines),
    )


def _line(sign: Literal[" ", "-", "+"], where: Passage, index: int) -> DiffLine:
    line: Line = where.lines[index]
    number = where.first + index
    shown = key_of(where.reference).reference(where.entry.version)
    return DiffLine(sign, line.text, line.version, replace(shown, lines=(number, number)))
