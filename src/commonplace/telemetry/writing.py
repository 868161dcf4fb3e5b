"""Writing: the span of a commit, its trace for the records, and its measures."""

import time
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

from commonplace.core.reserved import CONTRACTS, is_reserved
from commonplace.core.verdict import Accepted, Duplicate, Refusal, Unknown, Verdict
from commonplace.errors import CommonplaceError, OutcomeUnknown
from commonplace.limits import MAX_TRACED_CHARS
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.write import Write
from commonplace.telemetry import names
from commonplace.telemetry.metering import METERING, Metering
from commonplace.telemetry.saying import code_of, one, where
from commonplace.telemetry.tracing import TRACING, Tracing, place_of

_EDITS: Final = frozenset(
    {"insert", "replace", "edit", "rewrite", "condense", "retract", "supersede"}
)
"""Operations that speak of an entry as it stands."""
_KINDS: Final = frozenset(
    {"namespace", "contracts", "grants", "cursors", "retention", "served", "notices", "dispatches"}
)


class Drafted(Protocol):
    """Anything that holds a write to be made."""

    @property
    def write(self) -> Write:
        """The write."""
        ...


class Writing:
    """A commit on its way, told to nobody. `trace` is what its records keep."""

    def __init__(self, trace: str = "") -> None:
        self.trace = trace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        return None

    def answer(self, verdict: Verdict) -> None:
        """Say how it ended."""


_UNTOLD: Final = Writing()


def writing(tenant: str, actor: Actor, drafts: Sequence[Drafted], turn: str = "") -> Writing:
    """Begin to tell of a commit, if anybody listens; leaving the `with` block ends it.

    Its span ends with the answer, or with the error that is raised instead of one.
    """
    tracing, metering = TRACING.get(), METERING.get()
    if not drafts or (tracing is None and metering is None):
        return _UNTOLD
    if metering is None and tracing is not None and not tracing.records:
        here = tracing.here()
        return Writing(here) if here else _UNTOLD
    told = _Told(metering, actor, [draft.write for draft in drafts])
    if tracing is not None:
        told.trace_in(tracing, tenant, turn)
    return told


class _Told(Writing):
    """A commit that somebody wants to hear of."""

    def __init__(self, metering: Metering | None, actor: Actor, writes: Sequence[Write]) -> None:
        super().__init__()
        self._metering = metering
        self._tracing: Tracing | None = None
        self._actor = actor
        self._writes = told_of(writes)
        self._first = next(at for at, each in enumerate(writes) if each is self._writes[0])
        self._span: Any = None
        self._answered = False
        self._began_s = time.perf_counter()

    def trace_in(self, tracing: Tracing, tenant: str, turn: str) -> None:
        """Start the span, if spans are recorded at all."""
        if not tracing.records:
            self.trace = tracing.here()
            return
        attributes: dict[str, str | int] = {names.TENANT: tenant, names.ACTOR: self._actor.name}
        attributes |= attributes_of(self._writes, tracing.asked)
        if turn:
            attributes[names.TURN] = turn
        self._tracing = tracing
        self._span = tracing.start(span_name(self._writes), attributes)
        self.trace = place_of(self._span)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is not None and not self._answered:
            self._end(outcome_of(error), code_of(error))

    def answer(self, verdict: Verdict) -> None:
        self._answered = True
        match verdict:
            case Refusal():
                self._tell_conflict(verdict)
                self._end("refused", verdict.code)
            case Unknown():
                self._end("unknown", OutcomeUnknown.code)
            case Accepted():
                self._end("accepted", receipts=verdict.receipts)
            case Duplicate():
                self._end("duplicate", receipts=verdict.receipts)

    def _tell_conflict(self, refusal: Refusal) -> None:
        if self._span is None or refusal.code != "version_conflict":
            return
        facts = {
            names.READ_VERSION: refusal.facts.get("expect"),
            names.VERSION: refusal.facts.get("version"),
        }
        self._span.add_event(
            names.CONFLICT, {name: fact for name, fact in facts.items() if fact is not None}
        )

    def _end(self, outcome: str, error: str = "", receipts: Sequence[Receipt] = ()) -> None:
        """Say how it ended. A span says it once: what ends twice would be told twice."""
        if self._span is not None:
            assert self._tracing is not None
            self._span.set_attribute(names.OUTCOME, outcome)
            if receipts:
                self._span.set_attribute(names.REVISION, receipts[-1].revision)
                if len(self._writes) == 1:
                    self._span.set_attribute(names.VERSION, receipts[self._first].version)
            if error:
                self._tracing.fail(self._span, error)
            self._span.end()
        if self._metering is not None:
            self._measure(self._metering, outcome, error)

    def _measure(self, metering: Metering, outcome: str, error: str) -> None:
        told = {names.OUTCOME: outcome, names.REGION_KIND: region_kind(self._writes)}
        took_s = time.perf_counter() - self._began_s
        metering.tell(names.WRITE_DURATION, took_s, told)
        if error:
            told = {**told, names.ERROR_TYPE: error}
        if "actor" in metering.asked:
            told = {**told, names.ACTOR: self._actor.name}
        metering.tell(names.WRITES, 1, told)


def told_of(writes: Sequence[Write]) -> Sequence[Write]:
    """The writes that a commit is about: not what a turn was served, nor a new region's shares."""
    content = [write for write in writes if not is_reserved(write.entry.region)]
    return content or [write for write in writes if _creates(write)] or writes


def _creates(write: Write) -> bool:
    return write.entry.region == CONTRACTS and write.operation == "create"


def span_name(writes: Sequence[Write]) -> str:
    """The conventional name of what these writes do, if they all do the same."""
    return one({_name(write) for write in writes}) or names.WRITE


def _name(write: Write) -> str:
    if is_reserved(write.entry.region):
        return names.CREATE_STORE if _creates(write) else names.WRITE
    if write.operation == "delete":
        return names.DELETE_MEMORY
    if write.expect == 0:
        return names.CREATE_MEMORY
    if write.expect is not None or write.operation in _EDITS:
        return names.UPDATE_MEMORY
    return names.UPSERT_MEMORY


def attributes_of(writes: Sequence[Write], asked: Collection[str]) -> dict[str, str | int]:
    """What a span says of its writes: what holds for all of them."""
    name = span_name(writes)
    told: dict[str, str | int] = {
        names.OPERATION: one({write.operation for write in writes}),
        names.KIND: one({write.kind for write in writes}),
    }
    if name == names.WRITE:
        told[names.NAMESPACE] = one({write.entry.namespace for write in writes})
        told[names.REGION] = one({write.entry.region for write in writes})
    else:
        told[names.GEN_AI_OPERATION] = name
        told |= where([_place(write) for write in writes], asked)
    if name == names.CREATE_STORE:
        told.pop(names.RECORD_ID, None)  # a region is no record
    else:
        told[names.RECORD_COUNT] = len(writes)
    if "reason" in asked:
        told[names.REASON] = one({write.reason for write in writes})[:MAX_TRACED_CHARS]
    return {attribute: value for attribute, value in told.items() if value != ""}


def _place(write: Write) -> EntryKey:
    """The entry, or the region that a contract makes."""
    namespace, region, key = write.entry
    return EntryKey(namespace, key) if _creates(write) else EntryKey(namespace, region, key)


def region_kind(writes: Sequence[Write]) -> str:
    """`content`, or the reserved region that a commit is about."""
    region = writes[0].entry.region
    if not is_reserved(region):
        return "content"
    kind = region.removeprefix("_")
    return kind if kind in _KINDS else "other"


def outcome_of(error: BaseException) -> str:
    """What an error raised instead of a verdict says: refused for sure, or nobody knows."""
    refused = isinstance(error, CommonplaceError) and not isinstance(error, OutcomeUnknown)
    return "refused" if refused else "unknown"
