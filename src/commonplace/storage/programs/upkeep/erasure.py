"""Erasure: bytes that must not exist any more go, and what must stay true stays true.

The history of the entry is walked once to find how far the erasure reaches (`core.erasure`).
Then one transaction commits an `erase` record, which blanks the lines and carries the value
that results as a sealed checkpoint, and destroys salt, payload and reason of every record
reached, with all checkpoints that hold their text. Replay never needs those bytes again;
commitments are salted, so the chain stays whole and nothing is left to guess from.
"""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commonplace import limits
from commonplace.core import erasure, fold
from commonplace.core.access import Tier
from commonplace.core.digest import SALT_BYTES
from commonplace.core.erasure import Reach
from commonplace.core.fold import OF_RECORDS
from commonplace.core.lineage import Taken, is_text
from commonplace.core.replay import Replay
from commonplace.core.reserved import DISPATCHES
from commonplace.core.retention import runs, seal_digest
from commonplace.core.state import EntryState
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.text import ERASED_LINE, locate
from commonplace.core.verdict import Refusal
from commonplace.errors import InvalidValue, NotFound
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.model.retention import Erasure
from commonplace.model.retraction import Suspect
from commonplace.storage.codec import decode_checkpoint
from commonplace.storage.programs import provenance
from commonplace.storage.programs.indexing import merge_all, places_of, taken_out
from commonplace.storage.programs.reading import Reader, entries, require_read, standing
from commonplace.storage.programs.taking_back.cascade import Front, follow
from commonplace.storage.programs.upkeep.author import Author, commit_own
from commonplace.storage.programs.upkeep.checkpoints import Checkpoints
from commonplace.storage.proposal import draft
from commonplace.storage.rows import record_of
from commonplace.storage.sealing import seal
from commonplace.storage.step import Answer, Program, Row, Statement, Step


def erase(
    author: Author, key: EntryKey, versions: Iterable[int] | None = None, reason: str = ""
) -> Program[Erasure]:
    """Remove what `versions` of an entry wrote (None: all of them), for good.

    Takes owner of the region. Raises `NotFound` for a version that does not exist. Historic
    reads that need an erased record raise `Erased` from now on; the entry goes on, with
    `[erased]` for the lines of a text, and without a JSON value that was erased. An archive
    file or an export made before is out of reach: it still holds what it held.
    """
    now = yield from standing(author.tenant)
    yield from require_read(author.reader, now.access_revision, key)
    current = (yield from entries(author.tenant, [key]))[key]
    # A dispatch is one message: what it said goes with its reply.
    asked = _asked(key, current, None if key.region == DISPATCHES else versions)
    walk = yield from _walk(author.tenant, key, asked)
    retold = yield from _retold(author.tenant, walk)
    write, sealed = _erase_write(key, current, walk, retold, reason)

    def also(records: Sequence[Record]) -> Step:
        assert records[0].version == current.version + 1
        return (*out, *_destruction(author.tenant, key, walk, records[0].version, sealed))

    text = isinstance(current.value, tuple) or walk.text
    review, unlisted = yield from _derived(author.reader, key, walk.reach.destroy, text=text)
    gone = yield from places_of(author.tenant, key, walk.reach.destroy)
    out = yield from taken_out(author.tenant, gone, for_good=True)
    receipt = yield from commit_own(author, write, also)
    yield from merge_all()
    (settled,) = yield (Statement("settle"),)
    lines = current.value if isinstance(current.value, tuple) else ()
    return Erasure(
        key.reference(),
        receipt.revision,
        receipt.version,
        receipt.digest,
        tuple(sorted(walk.reach.destroy)),
        sum(line.version in walk.reach.blank for line in lines),
        len(walk.checkpoints.gone),
        review,
        unlisted,
        not settled or not settled[0][0],
    )


def _asked(key: EntryKey, current: EntryState, versions: Iterable[int] | None) -> set[int]:
    if not current.version:
        raise NotFound(f"{key.reference()} was never written.")
    if versions is None:
        return set(range(1, current.version + 1))
    asked = set()
    for version in versions:
        if isinstance(version, bool) or not isinstance(version, int):
            raise InvalidValue(f"{version!r} is no version: they count up from 1.")
        if not 1 <= version <= current.version:
            raise NotFound(f"{key.reference()} has no version {version}.", version=version)
        asked.add(version)
    if not asked:
        raise InvalidValue("no versions were named: name some, or erase all with None.")
    return asked


# --- how far it reaches -------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """The history of one entry, walked in order, with what was found on the way."""

    asked: set[int]
    reach: Reach = field(default_factory=lambda: Reach(set()))
    replay: Replay = field(default_factory=Replay)
    checkpoints: Checkpoints = field(init=False)
    gone: set[int] = field(default_factory=set)
    requests: dict[int, tuple[str, str]] = field(default_factory=dict)
    said: dict[int, dict[str, Any]] = field(default_factory=dict)
    said_again: set[int] = field(default_factory=set)
    text: bool = False

    def __post_init__(self) -> None:
        """The checkpoints are judged by the reach as it grows."""
        self.checkpoints = Checkpoints(self.reach.blank, self.reach.destroy)

    def take(self, record: Record, checkpoint: bytes | None) -> None:
        """Go on by one record."""
        if not self.checkpoints.first and record.version > 1:  # what came before was archived
            self.replay.lose()
            self.reach.blank.update(each for each in self.asked if each < record.version)
        self.requests[record.version] = (record.actor.name, record.idempotency_key)
        if record.body is None:
            self.gone.add(record.version)
        arguments = record.arguments
        before = self.replay.value if self._compares(record) else None
        self.replay.take(record.operation, arguments, record.version, record.dead)
        held = decode_checkpoint(checkpoint) if checkpoint is not None else None
        if checkpoint is not None:
            self.replay.set(held)
        self.text = self.text or is_text(record.operation, arguments)
        if record.operation in OF_RECORDS:
            self._hear(record, arguments or {})
        what = record.version, record.operation
        self.checkpoints.make(*what, arguments)
        self._judge(record, arguments, before)
        self.checkpoints.pass_by(*what, dead=record.dead, lost=arguments is None)
        if checkpoint is not None:
            if isinstance(held, tuple):
                blanked = (line.text for line in held if line.version in self.reach.blank)
                self.reach.pieces |= erasure.pieces(blanked) - {ERASED_LINE}
            self.checkpoints.judge(*what, dead=record.dead, checkpoint=checkpoint, value=held)

    def _hear(self, record: Record, arguments: Mapping[str, Any]) -> None:
        """Note what a record says of others, without a word of text, by its version."""
        if record.operation in TAKING_BACK and arguments:
            self.said[record.version] = {
                "at": [record.version, record.revision, record.index],
                "operation": record.operation,
                "versions": arguments["versions"],
                "suspects": arguments.get("suspects", []),
            }
        for said in arguments.get("retold", ()):
            self.said[said["at"][0]] = said
            self.said_again.add(said["at"][0])

    def _compares(self, record: Record) -> bool:
        """Whether what stood before is worth a copy."""
        if not self.replay.known:
            return False
        return record.operation in {"replace", "put", "insert"} and bool(
            self.reach.blank or record.version in self.asked
        )

    def _judge(self, record: Record, arguments: Mapping[str, Any] | None, before: Any) -> None:
        reach, version = self.reach, record.version
        if version in self.asked:
            reach.take(version)
            self._learn(record, arguments, before)
        elif reach.blank:
            if arguments is not None and (
                self._edits(record, arguments, before)
                or erasure.repeats(erasure.wrote(arguments), reach.pieces)
            ):
                reach.take(version)
                self._learn(record, arguments, before)
            elif self._quotes(record, arguments, before):
                reach.destroy.add(version)

    def _edits(self, record: Record, arguments: Mapping[str, Any], before: Any) -> bool:
        """Whether the write edited a line that is to be blanked."""
        if record.operation == "edit":
            return not self.reach.blank.isdisjoint(erasure.edited_names(arguments))
        if record.operation != "replace":
            return False
        after = self.replay.value
        if isinstance(before, tuple) and isinstance(after, tuple):
            return not self.reach.blank.isdisjoint(erasure.removed(before, after))
        return erasure.quotes(erasure.quoted(arguments), self.reach.pieces)

    def _quotes(self, record: Record, arguments: Mapping[str, Any] | None, before: Any) -> bool:
        """Whether reason or anchor hold erased text, in a write whose lines may stay."""
        quoted = list(erasure.quoted(arguments or {}))
        if erasure.repeats([record.reason, *quoted], self.reach.pieces):
            return True
        if record.operation != "insert" or not quoted:
            return False
        if not isinstance(before, tuple):
            return erasure.quotes(quoted, self.reach.pieces)
        place = locate(before, quoted[0])
        if isinstance(place, Refusal):
            return True
        return any(line.version in self.reach.blank for line in before[place[1] : place[2] + 1])

    def _learn(self, record: Record, arguments: Mapping[str, Any] | None, before: Any) -> None:
        """Note what a covered version said."""
        if arguments is None:
            return
        said = erasure.pieces(erasure.wrote(arguments))
        if record.operation == "put":
            said -= erasure.pieces(erasure.strings(before))
        elif record.operation == "replace" and isinstance(self.replay.value, tuple):
            lines = self.replay.value
            said = erasure.pieces(line.text for line in lines if line.version == record.version)
        self.reach.pieces |= said


def _retold(tenant: str, walk: _Walk) -> Generator[Step, Answer, list[dict[str, Any]]]:
    """What destroyed records said of others, which stays true: the erasure says it again."""
    retold = []
    lost = walk.reach.destroy | walk.gone | walk.said_again
    for version in sorted(walk.said.keys() & lost):
        said = walk.said[version]
        (rows,) = yield (Statement("told_by", [(tenant, *said["at"][1:])]),)
        retold.append({**said, "notices": [list(row) for row in rows]})
    return retold


def _walk(tenant: str, key: EntryKey, asked: set[int]) -> Generator[Step, Answer, _Walk]:
    walk = _Walk(asked)
    after = 0
    while True:
        page = (tenant, *key, after, limits.CHECKPOINT_PAGE_ENTRIES)
        (rows,) = yield (Statement("history_page", [page]),)
        for row in rows:
            walk.take(record_of(row), row[24])
        if len(rows) < limits.CHECKPOINT_PAGE_ENTRIES:
            break
        after = rows[-1][9]
    return walk


# --- what is stored -----------------------------------------------------------------------------


def _erase_write(
    key: EntryKey, current: EntryState, walk: _Walk, retold: list[dict[str, Any]], reason: str
) -> tuple[Any, bytes | None]:
    """The write, and the checkpoint of what it leaves (None: nothing)."""
    goes = not isinstance(current.value, tuple) and walk.checkpoints.maker in walk.reach.blank
    arguments: dict[str, Any] = {
        "versions": sorted(walk.reach.blank),
        "current": goes,
        "destroyed": runs(walk.reach.destroy | walk.gone),
    }
    if retold:
        arguments["retold"] = retold
    sealed = None
    if not current.dead and not goes:
        after = fold.replay(current.value, "erase", arguments, current.version + 1)
        salt = os.urandom(SALT_BYTES)
        sealed = seal(after, "", salt)
        arguments |= {"salt": salt.hex(), "checkpoint": seal_digest(sealed)}
    return draft(key, "erase", arguments, expect=current.version, reason=reason), sealed


def _destruction(
    tenant: str, key: EntryKey, walk: _Walk, version: int, sealed: bytes | None
) -> Step:
    return (
        *destruction(tenant, key, walk.reach.destroy, walk.checkpoints.gone, walk.requests),
        Statement("checkpoint_set", [(tenant, *key, version, sealed)] if sealed else []),
    )


def destruction(
    tenant: str,
    key: EntryKey,
    destroyed: Iterable[int],
    checkpoints: Iterable[tuple[int, int]],
    requests: Mapping[int, tuple[str, str]],
) -> Step:
    """The statements that destroy bodies, checkpoints and fingerprints of one entry's records."""
    bodies: list[Row] = [(tenant, *key, version) for version in sorted(destroyed)]
    fingerprints = {requests[row[4]] for row in bodies if row[4] in requests}
    return (
        Statement("body_destroy", bodies),
        Statement("checkpoint_clear", [(tenant, *key, *each) for each in checkpoints]),
        Statement("fingerprint_destroy", [(tenant, *each) for each in sorted(fingerprints)]),
    )


# --- what was built on it -----------------------------------------------------------------------


def _derived(
    reader: Reader, key: EntryKey, erased: set[int], *, text: bool
) -> Generator[Step, Answer, tuple[tuple[Suspect, ...], int]]:
    """Records of other entries built on erased versions, and how many are not listed.

    Asked before the bytes go, so that it can still be told which lines were cited and shown.
    """
    if not erased:  # what was asked for was archived, and only its lines are left
        return (), 0
    (places,) = yield (
        Statement("version_place", [(reader.tenant, *key, version) for version in sorted(erased)]),
    )
    front = Front(Taken.of(erased), text, min(places, default=(0, -1)))
    reached = yield from follow(reader.tenant, key, front, depth=1)
    others = [built for built in reached.built if built.entry != key]
    may = yield from provenance.reaches(reader, (built.entry for built in others))
    listed = [
        Suspect(built.entry.reference(built.version), built.edge, 1)
        for built in others
        if may[built.entry].tier >= Tier.READER
    ][: limits.MAX_REVIEW]
    return tuple(listed), len(others) - len(listed) + (not reached.complete)
