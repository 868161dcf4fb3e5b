"""Pickaxe: the records that changed how often a text occurs in an entry, as in `git log -S`.

Those that brought it in and those that took it out; a record that only moved it, or touched a
line beside it, is not among them.
"""

from collections import Counter
from typing import NamedTuple

from commonplace.explain.past.standing import Budget, States, open_states
from commonplace.explain.why.needle import Needle
from commonplace.explain.why.search import EVERYWHERE, Scope, Sought, seek
from commonplace.explain.why.stretch import beside, carriers, holds_text, seen_later, versions_told
from commonplace.explain.why.why import check_sought
from commonplace.model.record import Record
from commonplace.storage.programs import provenance
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program


class Changed(NamedTuple):
    """A record, and how many more times (or, below 0, fewer) its entry had the text after it."""

    record: Record
    by: int


class Pickaxe(NamedTuple):
    """Records that changed how often the text occurs, newest first.

    `next_before` is where the next page begins (None: there is none). `more` says that further
    records have the text which were not looked at, for a bound.
    """

    changed: tuple[Changed, ...]
    next_before: tuple[int, int] | None
    more: bool


def pickaxe(
    reader: Reader,
    text: str,
    *,
    scope: Scope = EVERYWHERE,
    limit: int = 50,
    before: tuple[int, int] | None = None,
) -> Program[Pickaxe]:
    """One page of the records that changed how often `text`, exactly so, occurs."""
    needle = Needle(check_sought(text))
    sought = yield from seek(reader, needle, scope)
    budget = Budget()
    found: list[Changed] = []
    for key, records in sought.by_entry.items():
        states = yield from open_states(reader, key, budget, lost=key in sought.beginnings)
        by = yield from _changes(states, needle, sought, records)
        made = yield from provenance.records_of_versions(reader, key, by)
        found += (Changed(record, by[version]) for version, record in made.items())
    found.sort(key=lambda each: (each.record.revision, each.record.index), reverse=True)
    if before is not None:
        found = [each for each in found if (each.record.revision, each.record.index) < before]
    page = found[:limit]
    last = (page[-1].record.revision, page[-1].record.index) if len(found) > limit else None
    return Pickaxe(tuple(page), last, sought.more or bool(budget.unread))


def _changes(
    states: States, needle: Needle, sought: Sought, records: list[Record]
) -> Program[dict[int, int]]:
    """By how much each version changed the count; versions that did not are left out."""
    mine = seen_later(states, records)
    versions: set[int] = set()
    if (yield from holds_text(states, mine)):
        lived = yield from carriers(states, needle, sought.probe, mine)
        if not needle.may_span:
            counts: Counter[int] = Counter()
            for line, (first, end, _) in lived.items():
                times = line.text.count(needle.form)
                counts[first] += times
                counts[end or 0] -= times
            return {version: by for version, by in counts.items() if by and version}
        for line, window in lived.items():
            for part in (yield from beside(states, needle, line, window)):
                versions |= {part.first, part.end or 0}
    else:
        for version in (yield from versions_told(states, mine)):
            versions |= {version, version + 1}
    return (yield from _compared(states, needle, versions))


def _compared(states: States, needle: Needle, versions: set[int]) -> Program[dict[int, int]]:
    """The same, by the states on both sides of each version."""
    found = {}
    for version in sorted(versions):
        if not states.first.version < version <= states.head.version:
            continue
        after = yield from states.at(version)
        before = yield from states.at(version - 1)
        if after is not None and before is not None:
            by = needle.occurrences(after.value) - needle.occurrences(before.value)
            if by:
                found[version] = by
    return found
