"""Deriving: the rows that answer questions about records, made from the records alone.

Who was served what, what was declared to be built on what, what was taken back and who is to be
told. Written in the transaction of their records, by a commit as by an import or a follower, so
that the tables of every copy of a log agree.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from commonplace.core import reserved
from commonplace.core.taking_back import TAKING_BACK
from commonplace.errors import InvalidReference
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.reference import AtVersion, Reference
from commonplace.storage.step import Row, Statement

_TELLING: Final = frozenset({"serve", "acknowledge", "erase", *TAKING_BACK})
"""Operations whose arguments say something of other records."""


class Table(NamedTuple):
    """A derived table whose rows each come of one record: the first, if several give its key.

    The key is its first columns. `revision` and `place` say which columns name the record; -1
    for a place that the table does not keep.
    """

    name: str
    key: int
    revision: int
    place: int


TABLES: Final = {
    f"{table.name}_insert": table
    for table in (
        Table("turn", key=2, revision=4, place=-1),
        Table("served", key=7, revision=12, place=13),
        Table("refusal", key=4, revision=1, place=2),
        Table("lineage", key=9, revision=5, place=6),
        Table("taken_back", key=7, revision=5, place=6),
        Table("suspect", key=7, revision=5, place=6),
        Table("notice", key=4, revision=2, place=3),
    )
}
"""Those tables, by the statement that adds to them."""

DERIVED: Final = (*(table.name for table in TABLES.values()), "waiting")
"""The tables made here."""


def tells(region: str, operation: str, based_on: str) -> bool:
    """Whether a record has anything to derive."""
    return bool(based_on) or operation in _TELLING or region == reserved.DISPATCHES


class Source(NamedTuple):
    """What a record says it was based on: version 0 if it named none, lines 0 to 0 for all."""

    entry: EntryKey
    version: int
    first: int
    last: int


@lru_cache(maxsize=8192)
def source_of(based_on: str) -> Source | None:
    """A `based_on` reference as lineage keeps it; None when it names no entry."""
    try:
        reference = Reference.parse(based_on)
    except InvalidReference:
        return None
    if reference.namespace is None:
        return None
    at = reference.at
    version = at.version if isinstance(at, AtVersion) and at.version > 0 else 0
    return Source(EntryKey.of(reference), version, *(reference.lines or (0, 0)))


def derived(tenant: str, records: Sequence[Record]) -> list[Statement]:
    """The statements that store what follows from `records`; most records tell nothing.

    A notice may be given and settled by the same records: settling comes last.
    """
    rows: dict[str, list[Row]] = {}
    for record in records:
        if record.based_on:
            rows.setdefault("lineage_insert", []).extend(_lineage(tenant, record))
        if record.operation in _TELLING:
            for name, row in _told(tenant, record):
                rows.setdefault(name, []).append(row)
    for name, row in _waiting(tenant, records):
        rows.setdefault(name, []).append(row)
    if "notice_settle" in rows:
        rows["notice_settle"] = rows.pop("notice_settle")
    return [Statement(name, bindings) for name, bindings in rows.items()]


def _waiting(tenant: str, records: Iterable[Record]) -> Iterator[tuple[str, Row]]:
    """Whom dispatches wait for: of each the last record says it."""
    last = {each.entry: each for each in records if each.entry.region == reserved.DISPATCHES}
    for entry, record in last.items():
        arguments = record.arguments if record.operation == "dispatch" else None
        if arguments is not None or record.operation == "reply":
            actor = "" if arguments is None else arguments["to"]
            channel = reserved.judged_at(entry).region
            place = (record.revision, record.index)
            yield "waiting_put", (tenant, *entry, channel, actor, *place)
        else:
            yield "waiting_drop", (tenant, *entry)


def _lineage(tenant: str, record: Record) -> Iterator[Row]:
    for text in dict.fromkeys(record.based_on):
        source = source_of(text)
        if source is not None:
            lines = (source.first, source.last)
            place = (record.revision, record.index)
            yield (tenant, *source.entry, source.version, *place, *lines)


def _told(tenant: str, record: Record) -> Iterable[tuple[str, Row]]:
    arguments = record.arguments
    if arguments is None:
        return
    place = (record.revision, record.index)
    if record.operation == "serve":
        yield from _served(tenant, record)
    elif record.operation == "acknowledge":
        revision, _, index = record.entry.key.removeprefix("r").partition("-")
        if record.entry.region == reserved.NOTICES and revision.isdigit() and index.isdigit():
            of = (tenant, record.actor.name, int(revision), int(index))
            yield "notice_settle", (*of, arguments["how"])
    elif record.operation == "erase":
        for told in arguments.get("retold", ()):
            at = (told["at"][1], told["at"][2])
            yield from _taken_back(tenant, record, at, told["operation"], told)
            for actor, settled in told["notices"]:
                yield "notice_insert", (tenant, actor, *at, *record.entry)
                if settled:
                    yield "notice_settle", (tenant, actor, *at, settled)
    else:
        yield from _taken_back(tenant, record, place, record.operation, arguments)


def _taken_back(
    tenant: str,
    record: Record,
    place: tuple[int, int],
    operation: str,
    arguments: Mapping[str, Any],
) -> Iterator[tuple[str, Row]]:
    for version in arguments["versions"]:
        yield "taken_back_insert", (tenant, *record.entry, version, *place, operation)
    for *entry, version, edge, depth in arguments.get("suspects", ()):
        yield "suspect_insert", (tenant, *entry, version, *place, edge, depth)
    for actor in arguments.get("told", ()):
        yield "notice_insert", (tenant, actor, *place, *record.entry)


def _served(tenant: str, record: Record) -> Iterator[tuple[str, Row]]:
    arguments = record.arguments
    assert arguments is not None
    turn, pin, first = arguments["turn"], arguments["pin"], arguments["first"]
    actor, place = record.actor.name, (record.revision, record.index)
    yield "turn_insert", (tenant, turn, actor, pin, record.revision, record.at_us)
    for ordinal, row in enumerate(arguments["rows"], start=first):
        *entry, version, start, end, renderer = row
        told = (turn, ordinal, start, end, renderer, actor, pin, *place, record.at_us)
        yield "served_insert", (tenant, *entry, version, *told)
    for ordinal, refused in enumerate(arguments["refused"]):
        yield "refusal_insert", (tenant, *place, ordinal, actor, turn, *refused)
