"""Retracting: something is taken back, and what follows from it is found and marked.

The cascade is computed and the record committed by one program, which holds the right to write
all the while: what is built on the lines meanwhile is not missed, because nothing is. The record
lists all that was found, so the tables of every copy of the log say the same, whatever retention
has taken since of what a cascade looks at.

A retraction is not taken back itself: the version that a correction put there is, like any other;
what is right after all is written again.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.lineage import Taken, spoken_of
from commonplace.errors import CascadeTooLarge, InvalidInput, InvalidValue
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.record import Record
from commonplace.model.reference import Reference
from commonplace.model.retraction import Retraction, Suspect
from commonplace.storage.codec import check_size, check_text, check_value, encode
from commonplace.storage.programs import provenance, reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.taking_back import cascade
from commonplace.storage.programs.taking_back.cascade import Front, Reached
from commonplace.storage.programs.taking_back.target import Target, find_target, require_author
from commonplace.storage.programs.upkeep.author import Author, commit_own
from commonplace.storage.programs.upkeep.forgetting import served_floor
from commonplace.storage.proposal import draft
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step

Verb = Literal["retract", "supersede"]
_OUTDONE_BY = {"retract": {"retract"}, "supersede": {"retract", "supersede"}}
"""What has been said of a line already, so that saying this adds nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be taken back, why, and how far to look for what was built on it."""

    operation: Verb
    reference: Reference
    replacement: Any = None
    reason: str = ""
    depth: int | None = None
    inferred: bool = True
    after: Reference | None = None

    def checked(self) -> "Asked":
        """Itself. Raises an `InvalidInput`."""
        if self.depth is not None and (type(self.depth) is not int or self.depth < 1):
            raise InvalidValue(f"depth={self.depth!r}: it counts steps, from 1.")
        if self.operation == "supersede" and self.replacement is None:
            raise InvalidValue("replacement is missing: say what supersedes it, or retract it.")
        return self


def foresee(reader: Reader, asked: Asked) -> Program[Retraction]:
    """What `take_back` would do, read at one moment; a page of its suspects behind `after`.

    Of more than `limits.MAX_CASCADE` it shows the first ones.
    """
    yield (Statement("begin_read"),)
    target, done = yield from _found(reader, asked)
    if done is None:
        reached = yield from _reach(reader, asked, target)
        arguments = _arguments(asked, target, reached, reader.actor)
        view = yield from _told(reader, asked, target, arguments, reached)
    else:
        view = yield from stored(reader, done, asked.after, unchanged=True)
    yield (Statement("rollback"),)
    return view


def take_back(author: Author, asked: Asked) -> Program[tuple[Retraction, Receipt]]:
    """Record that something is wrong (or outdated), with all that was built on it.

    Takes having written it, or owner (editor, to supersede). What was taken back before is left
    as it is, and said to be `unchanged`. Raises `CascadeTooLarge`, and what `find_target` does.
    """
    reader = author.reader
    now = yield from reading.standing(reader.tenant)
    target, done = yield from _found(reader, asked)
    if done is not None:
        place = (done.revision, done.index, done.version, done.at_us, done.digest)
        view = yield from stored(reader, done, asked.after, unchanged=True)
        return view, Receipt(*place, unchanged=True)
    reached = yield from _reach(reader, asked, target)
    arguments = _arguments(asked, target, reached, reader.actor)
    if not _fits(reached, arguments):
        raise _too_large(target)
    verb, version = asked.operation, target.head.version
    made = draft(target.entry, verb, arguments, expect=version, reason=asked.reason)

    def check(records: Sequence[Record]) -> Step:
        assert records[0].revision == now.revision + 1, "somebody wrote while this had the right to"
        return ()

    receipt = yield from commit_own(author, made, check)
    view = yield from _told(reader, asked, target, arguments, reached)
    by = target.entry.reference(receipt.version)
    return replace(view, by=by, revision=receipt.revision), receipt


def _found(reader: Reader, asked: Asked) -> Generator[Step, Answer, tuple[Target, Record | None]]:
    """What is left to be taken back; if nothing is, the record that did it."""
    target = yield from find_target(reader, asked.reference)
    yield from require_author(reader, target, asked.operation)
    covered = Taken()
    last: Record | None = None
    spoken = yield from records_on(reader.tenant, target.entry, target.taken.made_by)
    for record, taken in spoken:
        if record.operation in _OUTDONE_BY[asked.operation]:
            covered = Taken(covered.versions | taken.versions, covered.names | taken.names)
            last = record
    left = target.taken.without(covered)
    if covered.names and target.names:
        left = Taken(names=target.names).without(covered)
    if not left.made_by:
        assert last is not None
        return target, last
    stands = target.head.value
    stood = target.stood
    if isinstance(stands, tuple):
        stood = any(left.holds(line[:2]) for line in stands)
    names = frozenset(name for name in target.names if left.holds(name))
    return target._replace(taken=left, names=names, stood=stood), None


def records_on(
    tenant: str, key: EntryKey, versions: Iterable[int]
) -> Generator[Step, Answer, list[tuple[Record, Taken]]]:
    """The records that took back something of these versions, oldest first, and what of it."""
    asked = set(versions)
    span = (tenant, *key, min(asked), max(asked))
    (rows,) = yield (Statement("taken_back_between", [span]),)
    spoken: dict[tuple[int, int], set[int]] = {}
    for version, *place in rows:
        if version in asked:
            spoken.setdefault((place[0], place[1]), set()).add(version)
    if not spoken:
        return []
    (rows,) = yield (Statement("record_placed", [(tenant, *place) for place in sorted(spoken)]),)
    records = [record_of(row) for row in rows]
    return [
        (record, spoken_of(spoken[record.revision, record.index], record.arguments))
        for record in records
    ]


def _reach(reader: Reader, asked: Asked, target: Target) -> Generator[Step, Answer, Reached]:
    if asked.operation == "supersede":
        return Reached([], [], 0, complete=True)
    front = Front(target.taken, target.text, target.place)
    return (
        yield from cascade.follow(
            reader.tenant, target.entry, front, depth=asked.depth, inferred=asked.inferred
        )
    )


def _too_large(target: Target) -> CascadeTooLarge:
    return CascadeTooLarge(
        f"Not written. More was built on {target.reference} than one retraction marks, which is "
        f"{limits.MAX_CASCADE} records, or as many as its own record holds. Look at it page by "
        "page with dry_run=True and after=, and narrow it: name fewer lines, or give depth=1 or "
        "inferred=False.",
        limit=limits.MAX_CASCADE,
    )


def _arguments(asked: Asked, target: Target, reached: Reached, actor: str) -> dict[str, Any]:
    """What the record of it says."""
    arguments: dict[str, Any] = {
        "versions": sorted(target.taken.made_by),
        "lines": sorted(map(list, target.names)),
        "current": target.stood and not target.text,
        "of": [target.version, *target.lines],
        **_replacement(asked, target),
    }
    if asked.operation == "retract":
        arguments["suspects"] = [cascade.plain(built) for built in reached.built]
        arguments["told"] = [name for name in reached.told if name != actor]
        if asked.depth is not None:
            arguments["depth"] = asked.depth
        if not asked.inferred:
            arguments["inferred"] = False
    return arguments


def _fits(reached: Reached, arguments: Mapping[str, Any]) -> bool:
    """Whether one record holds all that was found."""
    return reached.complete and len(encode(arguments)) <= 2 * limits.MAX_VALUE_BYTES


def _replacement(asked: Asked, target: Target) -> dict[str, Any]:
    given = asked.replacement
    if given is None or (target.text and given == ""):
        return {}
    if target.text:
        text = check_text(given, "replacement")
        check_size(len(text.encode()), "the replacement", limits.MAX_TEXT_BYTES)
        return {"text": text}
    value = check_value(given, "replacement")
    size = len(encode(value))
    check_size(size, "the replacement", limits.MAX_VALUE_BYTES)
    return {"value": value, "size_bytes": size}


# --- as it is told ------------------------------------------------------------------------------


def _told(
    reader: Reader,
    asked: Asked,
    target: Target,
    arguments: Mapping[str, Any],
    reached: Reached,
) -> Generator[Step, Answer, Retraction]:
    forgotten = yield from served_floor(reader.tenant)
    rows: list[Row] = [
        (*built.entry, built.version, built.edge, built.depth) for built in reached.built
    ]
    view = Retraction(
        asked.operation,
        target.reference,
        None,
        0,
        reader.actor,
        asked.reason,
        tuple(arguments["versions"]),
        target.stood,
        replacement_of(arguments),
        unclear=reached.unclear,
        complete=_fits(reached, arguments),
        told=tuple(arguments.get("told", ())),
        served_floor=forgotten if forgotten > target.place[0] else 0,
    )
    return (yield from _paged(reader, view, rows, asked.after))


def stored(
    reader: Reader, record: Record, after: Reference | None = None, *, unchanged: bool = False
) -> Generator[Step, Answer, Retraction]:
    """What the record of a retraction or supersession did, with a page of its suspects."""
    place = (reader.tenant, record.revision, record.index)
    rows, told = yield (Statement("suspects_by", [place]), Statement("told_by", [place]))
    arguments = record.arguments or {}
    view = Retraction(
        "retract" if record.operation == "retract" else "supersede",
        retracted_reference(record),
        record.reference,
        record.revision,
        record.actor.name,
        record.reason,
        tuple(arguments.get("versions", ())),
        False,
        replacement_of(arguments),
        told=tuple(row[0] for row in told),
        unchanged=unchanged,
    )
    return (yield from _paged(reader, view, rows, after))


def replacement_of(arguments: Any) -> Any:
    """What stands in place of what was taken back; None: nothing."""
    return arguments.get("text", arguments.get("value"))


def retracted_reference(record: Record) -> Reference:
    """What the record of a retraction took back, as it was named; its entry, once that is gone."""
    arguments = record.arguments or {}
    if "of" not in arguments:
        return record.entry.reference()
    version, first, last = arguments["of"]
    return replace(record.entry.reference(version), lines=(first, last) if first else None)


def _paged(
    reader: Reader, view: Retraction, rows: Sequence[Row], after: Reference | None
) -> Generator[Step, Answer, Retraction]:
    """The view with a page of the suspects in `rows` that the reader may see."""
    keys = [EntryKey(*row[:3]) for row in rows]
    may = yield from provenance.reaches(reader, keys)
    seen = [
        Suspect(key.reference(row[3]), row[4], row[5])
        for key, row in zip(keys, rows, strict=True)
        if may[key].tier >= Tier.READER
    ]
    start = 0
    if after is not None:
        known = [suspect.reference for suspect in seen]
        if after not in known:
            raise InvalidInput(f"after={after} is none of the records built on {view.reference}.")
        start = known.index(after) + 1
    page = tuple(seen[start : start + limits.MAX_PAGE_ROWS])
    return replace(view, suspects=page, total=len(rows), hidden=len(rows) - len(seen))
