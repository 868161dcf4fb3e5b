"""Pickaxe: the records that changed how often a text occurs in an entry, as in `git log -S`.

Those that brought it in and those that took it out; a record that only moved it, or touched a
line beside it, is not among them.

A page is of the newest, so lines are followed through the newest revisions first, and through
older ones only if those did not fill it. Where so many records were found that a page has enough
of them, all that matters of the past is what stood before the oldest of those.
"""

from collections import Counter
from typing import Final, NamedTuple

from commonplace.explain.past.standing import Budget, States, open_states
from commonplace.explain.why.needle import Needle
from commonplace.explain.why.search import Sought, seek
from commonplace.explain.why.stretch import beside, carriers, holds_text, seen_later, versions_told
from commonplace.explain.why.why import check_sought
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.storage.programs import provenance
from commonplace.storage.programs.reading import Reader, version_at
from commonplace.storage.programs.seeking import EVERYWHERE, Scope
from commonplace.storage.step import Program, Statement

_FURTHER: Final = 4
"""How many times as many records are gone back by when those so far did not fill a page."""


class Changed(NamedTuple):
    """A record, and how many more times (or, below 0, fewer) its entry had the text after it."""

    record: Record
    by: int


class Pickaxe(NamedTuple):
    """Records that changed how often the text occurs, newest first.

    `next_before` is where the next page begins (None: there is none). `more` says that further
    records have the text which were not looked at, for a bound; those that are only unreadable
    are told of on the last page.
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
    places = [(record.revision, record.index) for record in sought.records]
    older = [place for place in places if before is None or place < before]
    enough = limit + 1
    while True:
        since = older[enough - 1][0] if enough <= len(older) else 0
        budget = Budget()
        found = yield from _since(reader, needle, sought, since, budget)
        found = [each for each in found if before is None or _place(each) < before]
        if len(found) > limit or not since:
            break
        enough *= _FURTHER
    found.sort(key=_place, reverse=True)
    page = found[:limit]
    last = _place(page[-1]) if len(found) > limit else None
    return Pickaxe(tuple(page), last, sought.more or bool(budget.unread))


def _place(changed: Changed) -> tuple[int, int]:
    return changed.record.revision, changed.record.index


def _since(
    reader: Reader, needle: Needle, sought: Sought, revision: int, budget: Budget
) -> Program[list[Changed]]:
    """All that changed the count in a revision or later, in no order."""
    by_entry = sought.by_entry
    (rows,) = yield (Statement("entry_load", [(reader.tenant, *key) for key in by_entry]),)
    found: list[Changed] = []
    for row in rows:
        key, written = EntryKey(*row[1:4]), row[5]
        if written < revision:
            continue
        states = yield from open_states(reader, key, budget, lost=key in sought.beginnings)
        after = (yield from version_at(reader.tenant, key, revision - 1)) if revision else 0
        by = yield from _changes(states, needle, sought, by_entry[key], after)
        made = yield from provenance.records_of_versions(reader, key, by)
        found += (Changed(record, by[version]) for version, record in made.items())
    return found


def _changes(
    states: States, needle: Needle, sought: Sought, records: list[Record], after: int
) -> Program[dict[int, int]]:
    """By how much each version after one changed the count; those that did not are left out."""
    mine = seen_later(states, records)
    versions: set[int] = set()
    if (yield from holds_text(states, mine)):
        lived = yield from carriers(states, needle, sought.probe, mine, after)
        if not needle.may_span:
            counts: Counter[int] = Counter()
            for line, (first, end, _) in lived.items():
                times = line.text.count(needle.form)
                counts[first] += times
                counts[end or 0] -= times
            return {version: by for version, by in counts.items() if by and version > after}
        for line, window in lived.items():
            for part in (yield from beside(states, needle, line, window)):
                versions |= {part.first, part.end or 0}
    else:
        for version in (yield from versions_told(states, mine)):
            versions |= {version, version + 1}
    return (yield from _compared(states, needle, {each for each in versions if each > after}))


def _compared(states: States, needle: Needle, versions: set[int]) -> Program[dict[int, int]]:
    """The same, by the states on both sides of each version."""
    found = {}
    for version in sorted(versions):
        if not states.first.version < version <= states.head.version:
            continue
        after = yield from states.at(version)
        before = yield from states.at(version - 1)
        if after is not None and before is not None:
            by = needle.occurrences(states.said(after)) - needle.occurrences(states.said(before))
            if by:
                found[version] = by
    return found
