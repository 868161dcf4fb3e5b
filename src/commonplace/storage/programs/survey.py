"""Survey: what a window of the log adds up to, region by region and actor by actor.

Each question is one statement that counts in the engine and answers with a bounded page, the
weightiest first. Whoever asks must be allowed to read the whole tenant: sums tell of every
namespace.
"""

from collections.abc import Generator
from typing import Any, NamedTuple
from urllib.parse import unquote

from commonplace.core import access
from commonplace.core.access import Tier
from commonplace.core.reserved import contract_key
from commonplace.core.state import EntryState
from commonplace.errors import AccessDenied
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import NamespacePrefix
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import Reader, Standing
from commonplace.storage.step import Answer, Program, Row, Statement, Step


class Extent(NamedTuple):
    """What a window holds; `since_us` is 0 if that is nothing."""

    records: int
    since_us: int
    turns: int


class Writers(NamedTuple):
    """A region, how often it was written, by how many, and who wrote `most` of it."""

    entry: EntryKey
    writes: int
    actors: int
    most: int
    actor: str


class Conflicts(NamedTuple):
    """An entry, the writes refused by conflict, of how many actors, and those that landed.

    `moved` counts those among the latter that landed on what others had changed meanwhile.
    """

    entry: EntryKey
    refused: int
    actors: int
    landed: int
    moved: int


class Counted(NamedTuple):
    """A region or a channel, an actor ("" if none is meant), and what was counted."""

    entry: EntryKey
    actor: str
    number: int
    of: int = 0


def require_whole(reader: Reader) -> Program[Standing]:
    """Where the tenant stands, for whoever may read all of it.

    Its owners may, and who has a grant over everything. Raises `AccessDenied` for others.
    """
    now = yield from reading.standing(reader.tenant)
    owner = yield from reading.reach(reader, now.access_revision, access.TENANT, "")
    over = yield from reading.prefix_reach(reader, now.access_revision, NamespacePrefix(()))
    if owner.tier < Tier.OWNER and over.tier < Tier.READER:
        raise AccessDenied(
            f"Not allowed. This takes reader over everything, and {reader.actor} has no such "
            "grant. Ask an owner of the tenant: commonplace share / "
            f"{reader.actor}=reader.",
            actor=reader.actor,
        )
    return now


def extent(reader: Reader, after: int) -> Program[Extent]:
    """What the window after a revision holds."""
    ((records, since_us, turns),) = yield from _rows(reader, "survey_window", after)
    return Extent(records, since_us or 0, turns)


def writers(reader: Reader, after: int, at_least: int) -> Program[list[Writers]]:
    """Regions with so many writes and more."""
    rows = yield from _rows(reader, "survey_writers", after, at_least, MAX_PAGE_ROWS)
    return [Writers(EntryKey(*row[:2]), *row[2:]) for row in rows]


def workers(reader: Reader, after: int, more_than: int) -> Program[list[Counted]]:
    """Channels in which more than so many actors replied; `of` counts their replies."""
    rows = yield from _rows(reader, "survey_workers", after, more_than, MAX_PAGE_ROWS)
    return [Counted(EntryKey(row[0], row[1]), "", row[2], row[3]) for row in rows]


def inboxes(reader: Reader, at_least: int) -> Program[list[Counted]]:
    """Inboxes in which so many dispatches wait; the writer's has no actor."""
    rows = yield from _rows(reader, "survey_inboxes", at_least, MAX_PAGE_ROWS)
    return [Counted(EntryKey(row[0], row[1]), row[2], row[3]) for row in rows]


def conflicts(reader: Reader, after: int, at_least: int) -> Program[list[Conflicts]]:
    """Entries on which so many writes of turns were refused because somebody was faster."""
    rows = yield from _rows(reader, "survey_conflicts", after, at_least, MAX_PAGE_ROWS)
    return [Conflicts(EntryKey(*row[:3]), *row[3:]) for row in rows]


def stale(
    reader: Reader, after: int, behind: int, writes: int, at_least: int
) -> Program[list[tuple[str, int, int]]]:
    """Actors, their writes in turns among the newest `writes`, and those `behind` or more."""
    values = (after, behind, writes, at_least, MAX_PAGE_ROWS)
    rows = yield from _rows(reader, "survey_stale", *values)
    return [(row[0], row[1], row[2]) for row in rows]


def floods(reader: Reader, after: int, per_minute: int) -> Program[list[Counted]]:
    """Commits of one actor to one region in the fullest minute; `of` counts such minutes."""
    rows = yield from _rows(reader, "survey_floods", after, per_minute, MAX_PAGE_ROWS)
    return [Counted(EntryKey(row[0], row[1]), row[2], row[3], row[4]) for row in rows]


def is_read(reader: Reader, entry: EntryKey) -> Program[bool]:
    """Whether any turn was ever served a region, or work was ever sent through it."""
    return bool((yield from _rows(reader, "survey_read", entry.namespace, entry.region)))


def unknown(reader: Reader, after: int) -> Program[list[tuple[str, int]]]:
    """Actors that wrote with an unknown identity, and how often."""
    rows = yield from _rows(reader, "survey_unknown", after, MAX_PAGE_ROWS)
    return [(row[0], row[1]) for row in rows]


def prefix_grants(reader: Reader) -> Program[dict[str, list[str]]]:
    """The actors with a standing grant over each prefix."""
    found: dict[str, list[str]] = {}
    after = ""
    while True:
        rows = yield from _rows(reader, "survey_grants", after, MAX_PAGE_ROWS)
        for (key,) in rows:
            prefix, _, actor = key.rpartition(">")
            found.setdefault(prefix, []).append(unquote(actor))
        if len(rows) < MAX_PAGE_ROWS:
            return found
        after = rows[-1][0]


def active(reader: Reader, after: int, prefix: str) -> Program[set[str]]:
    """Actors who wrote below a prefix in the window."""
    rows = yield from _rows(reader, "survey_active", after, prefix, MAX_PAGE_ROWS)
    return {row[0] for row in rows}


def contract_of(
    reader: Reader, access_revision: int, entry: EntryKey
) -> Generator[Step, Answer, EntryState]:
    """The contract of a region, with its version."""
    key = contract_key(entry.namespace, entry.region)
    (state,) = yield from reading.access_entries(reader, access_revision, (key,))
    return state


def _rows(reader: Reader, name: str, *values: Any) -> Generator[Step, Answer, list[Row]]:
    (rows,) = yield (Statement(name, [(reader.tenant, *values)]),)
    return list(rows)
