"""Target: what a reference to be taken back names: lines, or a JSON value, and who wrote them."""

from collections.abc import Generator
from typing import NamedTuple

from commonplace import limits
from commonplace.core import reserved
from commonplace.core.access import Reach, Tier
from commonplace.core.lineage import Name, Taken, is_text, puts
from commonplace.core.refusals import not_author
from commonplace.core.taking_back import TAKING_BACK
from commonplace.errors import (
    Compacted,
    Erased,
    InvalidInput,
    InvalidReference,
    LimitExceeded,
    NotFound,
)
from commonplace.model.entry import EntryKey, to_us
from commonplace.model.record import Record
from commonplace.model.reference import AtRevision, AtTime, AtVersion, Reference
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.programs.taking_back.lines import Lines
from commonplace.storage.proposal import draft, raise_refusal
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Program, Statement, Step


class Target(NamedTuple):
    """What is to be taken back of an entry, as it stands at `head`.

    `version` is the one looked at and `lines` the span of it that was named (0 to 0: none).
    `stood`: some of it still does. `place` is that of the first version that put any there.
    """

    entry: EntryKey
    version: int
    lines: tuple[int, int]
    taken: Taken
    names: frozenset[Name]
    text: bool
    stood: bool
    place: tuple[int, int]
    head: Found

    @property
    def reference(self) -> Reference:
        """What was named, pinned to the version looked at."""
        whole = self.entry.reference(self.version)
        lines = self.lines if self.lines[0] else None
        return Reference(whole.namespace, whole.region, whole.key, whole.at, lines)


def find_target(reader: Reader, reference: Reference) -> Program[Target]:
    """What a reference names. Raises `NotFound`, `AccessDenied`, `Compacted` or `Erased`.

    A version without lines names what that version put there, for which its header is enough.
    Lines, and an entry without a version, name what stood there, whoever put it.
    """
    if reference.namespace is None:
        raise InvalidReference(f"{reference} names no namespace. Write one before it.")
    key = EntryKey.of(reference)
    if reserved.is_reserved(key.region):
        raise InvalidInput(f"{key.region} is reserved: what stands there cannot be taken back.")
    head = yield from reading.read_entry(reader, key)
    version = yield from _version(reader, key, reference, head)
    span = reference.lines or (0, 0)
    if reference.at is None or reference.lines is not None:
        return (yield from _standing(reader, key, head, version, span))
    return (yield from _made_by(reader, key, head, version))


def _version(
    reader: Reader, key: EntryKey, reference: Reference, head: Found
) -> Generator[Step, Answer, int]:
    at, version = reference.at, head.version
    if isinstance(at, AtVersion):
        version = at.version if at.version > 0 else head.version + at.version
        if at.version == 0:
            version = 0
    elif isinstance(at, AtRevision | AtTime):
        if isinstance(at, AtTime):
            revision = yield from reading.revision_at(reader.tenant, to_us(at.time))
        else:
            revision = at.revision
        version = yield from reading.version_at(reader.tenant, key, revision)
    if not 0 < version <= head.version:
        raise NotFound(f"There is nothing at {reference}.", version=version)
    return version


def _standing(
    reader: Reader, key: EntryKey, head: Found, version: int, span: tuple[int, int]
) -> Generator[Step, Answer, Target]:
    """What stood at a version: all of it, or some lines."""
    try:
        found = yield from reading.read_version(reader, key, version)
    except (Compacted, Erased) as error:
        whole = key.reference(version)
        raise type(error)(
            f"{error} Which lines these were is gone; {whole} can be taken back as a whole.",
            **error.facts,
        ) from None
    if found.dead:
        raise NotFound(f"{key.reference(version)} is a tombstone: nothing stood there.")
    if not isinstance(found.value, tuple):
        if span[0]:
            raise InvalidReference(
                f"{key.reference()} holds a JSON value, which is taken back whole: "
                "leave the lines out."
            )
        made = yield from Lines(reader.tenant).maker(key, version)
        return (yield from _made_by(reader, key, head, made))
    lines = found.value
    if span[1] > len(lines):
        raise NotFound(
            f"{key.reference(version)} has {len(lines)} lines; there is no line {span[1]}.",
            lines=len(lines),
        )
    names = frozenset(line[:2] for line in (lines[span[0] - 1 : span[1]] if span[0] else lines))
    if not names:
        raise NotFound(f"{key.reference(version)} is empty: there is nothing to take back.")
    taken = Taken(names=names)
    first = yield from _record(reader, key, min(taken.made_by))
    place = (first.revision, first.index)
    return Target(key, version, span, taken, names, True, _stands(head, taken), place, head)


def _made_by(
    reader: Reader, key: EntryKey, head: Found, version: int
) -> Generator[Step, Answer, Target]:
    """What one version put there, whether its text can still be read or not."""
    record = yield from _record(reader, key, version)
    arguments = record.arguments
    known = arguments is not None or record.operation not in TAKING_BACK
    if known and not puts(record.operation, arguments, dead=record.dead):
        raise NotFound(
            f"{record.reference} is a {record.operation}, which put nothing there to take back."
        )
    place, taken = (record.revision, record.index), Taken.of([version])
    lines, span = Lines(reader.tenant), (0, 0)
    if not is_text(record.operation, arguments):
        made = 0 if head.dead else (yield from lines.maker(key, head.version))
        stood = made == version
        return Target(key, version, span, taken, frozenset(), False, stood, place, head)
    names = yield from lines.names(key, version)
    own = frozenset(name for name in names or () if name[0] == version)
    if names is not None and not own:
        raise NotFound(f"{record.reference} put no lines there: there is nothing to take back.")
    if names is None and isinstance(head.value, tuple):
        own = frozenset(line[:2] for line in head.value if line.version == version)
    return Target(key, version, span, taken, own, True, _stands(head, taken), place, head)


def _stands(head: Found, taken: Taken) -> bool:
    return isinstance(head.value, tuple) and any(taken.holds(line[:2]) for line in head.value)


def _record(reader: Reader, key: EntryKey, version: int) -> Generator[Step, Answer, Record]:
    """The record of a version, if the reader may see it."""
    now = yield from reading.standing(reader.tenant)
    (rows,) = yield (Statement("record_at", [(reader.tenant, *key, version)]),)
    if not rows:
        raise Compacted(
            f"{key.reference(version)} was archived: its record is in the archive's file.",
            revision=0,
            floor=now.floor,
        )
    record = record_of(rows[0])
    yield from reading.require_read(reader, now.access_revision, key, record.revision)
    return record


def require_author(reader: Reader, target: Target, operation: str) -> Generator[Step, Answer, None]:
    """Raise `NotAuthor` for who may not take this back, as `decide` will again."""
    now = yield from reading.standing(reader.tenant)
    has: Reach = yield from reading.require_read(reader, now.access_revision, target.entry)
    versions = sorted(target.taken.made_by)
    if len(versions) > limits.MAX_GROUP_WRITES:
        raise LimitExceeded(
            f"Not written. {target.reference} was put there by {len(versions)} versions, and one "
            f"record takes back those of {limits.MAX_GROUP_WRITES}. Name lines: do it in parts.",
            limit=limits.MAX_GROUP_WRITES,
            actual=len(versions),
            excess=len(versions) - limits.MAX_GROUP_WRITES,
        )
    asked = [(reader.tenant, *target.entry, version) for version in versions]
    (rows,) = yield (Statement("version_author", asked),)
    authors = {row[4] for row in rows}
    own = authors == {reader.actor} and len(rows) == len(versions)
    needed = Tier.CONTRIBUTOR if own else TAKING_BACK[operation].tier
    if has.tier < needed:
        write = draft(target.entry, operation, {"versions": versions}).write
        raise_refusal(not_author(write, authors, has.tier, needed))
