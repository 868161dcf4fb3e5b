"""Everything that can go wrong, in one tree.

    CommonplaceError
    ├── Refused                     nothing was written
    │   ├── VersionConflict         the entry changed since it was read
    │   ├── ExpectRequired          the rule wants the version that was read
    │   ├── AnchorNotFound          the text to replace is not there
    │   ├── AnchorNotUnique         the text to replace is there more than once
    │   ├── NotOwner                a single writer owns the region
    │   ├── AccessDenied            no grant reaches this far
    │   ├── Deleted                 the entry was deleted
    │   ├── ContractMismatch        the region's contract does not allow this
    │   ├── LimitExceeded           a bound in `limits`, with the excess
    │   ├── IdempotencyMismatch     the key was used for another request
    │   ├── IdempotencyExpired      the key is older than keys live
    │   ├── StaleTurn               what the turn was served has changed
    │   ├── NotAuthor               neither who wrote it nor an owner
    │   ├── CascadeTooLarge         a retraction would reach more than it may
    │   └── DispatchSuperseded      a reply to what was sent again since, or settled
    ├── InvalidInput                refused before it reached the memory
    │   ├── InvalidName
    │   │   └── InvalidNamespace
    │   ├── InvalidReference        with a caret under the fault
    │   ├── InvalidValue
    │   ├── InvalidReport           a citation that does not parse, with a caret
    │   ├── BudgetTooSmall          not one line fits
    │   ├── DamagedFile             a log file that is not whole; `line` says where
    │   └── UnfitRecord             a record to apply that does not follow from what stands
    ├── NotFound                    no such region, version or file
    ├── Compacted                   below the floor, dropped by retention
    ├── Erased                      bytes removed for privacy
    ├── FutureRevision              above the head
    ├── AccessChanged               a grant was taken back during a watch
    ├── NestedUpdate                an `update` inside an `update`
    ├── TurnEnded                   a turn used after its end
    ├── ForeignTurn                 a turn of another process, memory or actor
    ├── OutcomeUnknown              sent, and the answer was lost: retry with the same key
    ├── ForkedMemory                a memory carried across a fork
    ├── DamagedMemory               what was promised on write is not there on read
    └── EngineUnavailable           the engine cannot serve now
        ├── NotAMemory              the file is something else
        ├── NewerSchema             written by a newer release
        ├── UnsafeStorage           a setting or filesystem that would lose writes
        ├── FollowerBehind          a follower lacks what the read asks for
        └── FollowerDiverged        a follower's file holds another log than its source

Every error has a `code` for machines, `facts` (also as attributes) and a message written
for a model as much as for a person: what happened, what stands now, what to do next.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, ClassVar


class CommonplaceError(Exception):
    """The root. `facts` holds the attributes as plain values."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message or (self.__doc__ or "").partition("\n")[0])
        self.facts: Mapping[str, Any] = facts

    def __getattr__(self, name: str) -> Any:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")


class Refused(CommonplaceError):
    """Nothing was written."""

    code = "refused"


class VersionConflict(Refused):
    """Not written: the entry changed since it was read.

    `current` is the entry as it stands, `changes` what happened since, `expect` the version
    that was read and `version` the one that stands; `current` and `changes` are empty for
    an actor who may write but not read.
    """

    code = "version_conflict"


class ExpectRequired(Refused):
    """Not written: say which version you read with expect=, or use update()."""

    code = "expect_required"


class AnchorNotFound(Refused):
    """Not written: the text to replace does not occur in the current text."""

    code = "anchor_not_found"


class AnchorNotUnique(Refused):
    """Not written: the text to replace occurs more than once; `lines` says where."""

    code = "anchor_not_unique"


class NotOwner(Refused):
    """Not written: one writer owns this region; `owner` names it."""

    code = "not_owner"


class AccessDenied(Refused):
    """Not allowed. Ask an owner to share it with you."""

    code = "access_denied"


class Deleted(Refused):
    """Not written: the entry was deleted; `version` is that of its tombstone."""

    code = "deleted"


class ContractMismatch(Refused):
    """Not written: the region's contract does not allow this."""

    code = "contract_mismatch"


class LimitExceeded(Refused):
    """Not written: over a limit; `limit`, `actual` and `excess` say by how much."""

    code = "limit_exceeded"


class IdempotencyMismatch(Refused):
    """Not written: this idempotency key was used for another request."""

    code = "idempotency_mismatch"


class IdempotencyExpired(Refused):
    """Not written: this idempotency key is older than keys live, so a retry is not safe."""

    code = "idempotency_expired"


class StaleTurn(Refused):
    """What this turn was served has changed since; `changes` says how, the newest first."""

    code = "stale_turn"


class NotAuthor(Refused):
    """Not written: only who wrote it, or an owner, takes it back; `authors` names them."""

    code = "not_author"


class CascadeTooLarge(Refused):
    """Not written: more was built on it than one retraction marks; `limit` says how much."""

    code = "cascade_too_large"


class DispatchSuperseded(Refused):
    """Not written: the dispatch was sent again since, and `by` names the one to reply to.

    Or it is settled: then `by` is empty, and `version` the one that was published with it.
    """

    code = "dispatch_superseded"


class InvalidInput(CommonplaceError, ValueError):
    """The request itself is malformed; nothing was sent."""

    code = "invalid_input"


class InvalidName(InvalidInput):
    """A name that two systems could read differently."""

    code = "invalid_name"


class InvalidNamespace(InvalidName):
    """A namespace that is partial, too deep or malformed."""

    code = "invalid_namespace"


def _shown(text: str) -> str:
    """The text on one line, with what cannot be printed as an escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _columns(text: str) -> int:
    """How wide a terminal shows printable text: wide characters take two columns."""
    wide = sum(unicodedata.east_asian_width(c) in {"W", "F"} for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


class InvalidReference(InvalidInput):
    """A reference that does not parse."""

    code = "invalid_reference"

    @classmethod
    def at(cls, text: str, offset: int, reason: str) -> "InvalidReference":
        """The error for `text`, with a caret under the character at `offset`."""
        start, end = max(0, offset - 60), offset + 60
        before, behind = _shown(text[start:offset]), _shown(text[offset:end])
        if start:
            before = "..." + before
        if end < len(text):
            behind += "..."
        caret = " " * _columns(before) + "^"
        return cls(f"{reason}\n  {before}{behind}\n  {caret}", text=text, offset=offset)


class InvalidValue(InvalidInput):
    """A value that two engines would store differently, or not at all."""

    code = "invalid_value"


class InvalidReport(InvalidInput):
    """A citation in a report does not parse; `problems` lists them, `line` is the first's."""

    code = "invalid_report"


class BudgetTooSmall(InvalidInput):
    """Not one line fits into the budget; `needed_tokens` would do."""

    code = "budget_too_small"


class DamagedFile(InvalidInput):
    """The file is no log of ours, or was damaged; `line` says where. Nothing was kept."""

    code = "damaged_file"


class UnfitRecord(InvalidInput):
    """A record to apply does not follow from what stands; `revision` and `index` name it."""

    code = "unfit_record"


class NotFound(CommonplaceError):
    """There is nothing of that name here."""

    code = "not_found"


class Compacted(CommonplaceError):
    """Retention dropped this; `floor` is the first revision that is still whole."""

    code = "compacted"


class Erased(CommonplaceError):
    """These bytes were removed for privacy; the record's header remains."""

    code = "erased"


class FutureRevision(CommonplaceError):
    """Nothing has been committed at this revision yet; `head` is the newest."""

    code = "future_revision"


class AccessChanged(CommonplaceError):
    """A grant was taken back during a watch, which stops here."""

    code = "access_changed"


class NestedUpdate(CommonplaceError):
    """An update inside an update would wait for itself: do both changes in one."""

    code = "nested_update"


class TurnEnded(CommonplaceError):
    """This turn has ended: begin another with memory.turn(), at the same pin if need be."""

    code = "turn_ended"


class ForeignTurn(CommonplaceError):
    """This turn belongs to another process, memory or actor: begin one of your own."""

    code = "foreign_turn"


class OutcomeUnknown(CommonplaceError):
    """Sent, and the answer was lost. Retry with `idempotency_key` to settle it."""

    code = "outcome_unknown"


class ForkedMemory(CommonplaceError):
    """This memory was opened before a fork: open one of its own in the child."""

    code = "forked_memory"


class DamagedMemory(CommonplaceError):
    """What was promised on write is not there on read: run `commonplace audit`."""

    code = "damaged_memory"


class EngineUnavailable(CommonplaceError):
    """The engine cannot serve this now; nothing was written."""

    code = "engine_unavailable"


class NotAMemory(EngineUnavailable):
    """The file exists and is something else; it was not touched."""

    code = "not_a_memory"


class NewerSchema(EngineUnavailable):
    """A newer release wrote this memory: upgrade commonplace; it was not touched."""

    code = "newer_schema"


class UnsafeStorage(EngineUnavailable):
    """This storage would lose acknowledged writes."""

    code = "unsafe_storage"


class FollowerBehind(EngineUnavailable):
    """The follower is too far behind its source to answer; `revisions` and `seconds` say how far.

    Nothing is answered silently: wait and ask again, or read at the source.
    """

    code = "follower_behind"


class FollowerDiverged(EngineUnavailable):
    """The follower's file cannot go on from where it stands: follow into a new file.

    It holds another log than its source, or the source no longer has what comes next.
    """

    code = "follower_diverged"


def _leaves(root: type[CommonplaceError]) -> dict[str, type[CommonplaceError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _leaves(child)
    return found


BY_CODE: Mapping[str, type[CommonplaceError]] = _leaves(CommonplaceError)
"""Every class by its code: how a verdict becomes an exception, on any engine."""
