"""Noticing: actors learn at their next turn what was retracted that they had been shown."""

import json
from collections.abc import Generator

from commonplace import limits
from commonplace.core import reserved
from commonplace.core.access import Tier, private_namespace
from commonplace.core.lineage import Passage, spoken_of
from commonplace.errors import CommonplaceError
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.retraction import Notice, Notices, Suspect
from commonplace.storage.programs import provenance, reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.taking_back.lines import Lines
from commonplace.storage.programs.taking_back.retracting import replacement_of, retracted_reference
from commonplace.storage.proposal import Draft, draft
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def pending_notices(
    reader: Reader, actor: str, limit: int = limits.MAX_NOTICES
) -> Program[Notices]:
    """The retractions that `actor` has yet to settle, as far as the reader may see them.

    Access is judged at the head: of an entry that the reader may not read any more, no word is
    told but that it was retracted.
    """
    rows, counts = yield (
        Statement("notice_pending", [(reader.tenant, actor, limit)]),
        Statement("notices_waiting", [(reader.tenant, actor)]),
    )
    told = []
    for row in rows:
        notice = yield from _notice(reader, actor, row)
        if notice is not None:
            told.append(notice)
    return Notices(tuple(told), counts[0][0] - len(rows))


def acknowledgement(notice: Notice, *, rerun: bool) -> Draft:
    """The write that settles a notice, by the actor it is for."""
    name = f"r{notice.revision}-{notice.index}"
    key = EntryKey(private_namespace(notice.to), reserved.NOTICES, name)
    return draft(key, "acknowledge", {"how": "rerun" if rerun else "acknowledged"})


def _notice(reader: Reader, actor: str, row: Row) -> Generator[Step, Answer, Notice | None]:
    (rows,) = yield (Statement("record_placed", [(reader.tenant, *row[:2])]),)
    if not rows:
        return None
    record = record_of(rows[0])
    arguments = record.arguments
    turns = yield from _turns(reader, actor, record)
    plain = Notice(
        actor,
        retracted_reference(record),
        record.reference,
        record.revision,
        record.index,
        record.at_us,
        turns=turns,
    )
    may = (yield from provenance.reaches(reader, [record.entry]))[record.entry]
    if may.tier < Tier.READER or record.revision < may.since:
        return plain
    text = yield from old_text(reader, record)
    return Notice(
        *(actor, plain.reference, plain.by, plain.revision, plain.index, plain.at_us),
        actor=record.actor.name,
        reason=record.reason,
        text=text,
        replacement=replacement_of(arguments or {}),
        turns=turns,
        built=(yield from _built(reader, actor, record)),
    )


def _turns(reader: Reader, actor: str, record: Record) -> Generator[Step, Answer, tuple[str, ...]]:
    """In which turns an actor was served what a record took back, the newest first."""
    arguments = record.arguments
    if arguments is None:
        return ()
    taken = spoken_of(arguments["versions"], arguments)
    lines = Lines(reader.tenant)
    text = yield from lines.are_text(record.entry, taken)
    page = (*record.entry, min(taken.made_by), actor, limits.MAX_PAGE_ROWS)
    (rows,) = yield (Statement("served_to", [(reader.tenant, *page)]),)
    found: dict[str, None] = {}
    judged: dict[Passage, bool] = {}
    for *served, turn in rows:
        passage = Passage(*served)
        if passage not in judged:
            judged[passage] = yield from lines.held(record.entry, taken, passage, text=text)
        if judged[passage]:
            found[turn] = None
        if len(found) == limits.MAX_CHANGES_SHOWN:
            break
    return tuple(found)


def old_text(reader: Reader, record: Record) -> Generator[Step, Answer, str | None]:
    """What a record took back, as its entry had it; None if it cannot be read any more."""
    arguments = record.arguments or {}
    if "of" not in arguments:
        return None
    try:
        found = yield from reading.read_version(reader, record.entry, arguments["of"][0])
    except CommonplaceError:
        return None
    if not isinstance(found.value, tuple):
        return None if found.dead else json.dumps(found.value, ensure_ascii=False, sort_keys=True)
    taken = spoken_of(arguments["versions"], arguments)
    return "\n".join(line.text for line in found.value if taken.holds(line[:2]))


def _built(
    reader: Reader, actor: str, record: Record
) -> Generator[Step, Answer, tuple[Suspect, ...]]:
    """What an actor built itself on something retracted, the nearest first."""
    place = (reader.tenant, record.revision, record.index, actor, limits.MAX_CHANGES_SHOWN)
    (rows,) = yield (Statement("suspects_of_actor", [place]),)
    keys = [EntryKey(*row[:3]) for row in rows]
    may = yield from provenance.reaches(reader, keys)
    return tuple(
        Suspect(key.reference(row[3]), row[4], row[5])
        for key, row in zip(keys, rows, strict=True)
        if may[key].tier >= Tier.READER
    )
