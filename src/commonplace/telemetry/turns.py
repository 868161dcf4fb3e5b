"""Turns: the spans of what a turn reads, and the count of turns and of what they were served."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.telemetry import names
from commonplace.telemetry.metering import tell
from commonplace.telemetry.saying import code_of, where
from commonplace.telemetry.tracing import TRACING, Tracing


def turn_began() -> None:
    """A turn began."""
    tell(names.TURNS, 1, {names.TURN_STATE: "begun"})


def turn_ended() -> None:
    """A turn ended."""
    tell(names.TURNS, 1, {names.TURN_STATE: "ended"})


def turn_stale() -> None:
    """A turn's fence found that what it was served has changed."""
    tell(names.TURNS, 1, {names.TURN_STATE: "stale"})


def notices_found(count: int) -> None:
    """A turn found so many notices pending when it began."""
    tell(names.NOTICES, count)


def passages_served(count: int) -> None:
    """A turn was served so many passages."""
    tell(names.SERVED_ROWS, count)


class Pinned(NamedTuple):
    """A turn as it is told of: who reads, and what revision."""

    tenant: str
    actor: Actor
    turn: str
    revision: int


class Serving:
    """A reading or rendering in a turn, of which nobody keeps a span."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        return None

    def served(self, passages: int, version: int | None = None) -> None:
        """Say how many passages were served and, of a single entry, its version."""


_UNTOLD: Final = Serving()


def reading(by: Pinned, entry: EntryKey) -> Serving:
    """Tell of a `turn.read`; leaving the `with` block ends its span."""
    return _serving(names.READ, by, (entry,))


def rendering(by: Pinned, entries: Sequence[EntryKey]) -> Serving:
    """Tell of a `turn.render`; leaving the `with` block ends its span."""
    return _serving(names.RENDER, by, entries)


def _serving(name: str, by: Pinned, entries: Sequence[EntryKey]) -> Serving:
    tracing = TRACING.get()
    if tracing is None or not tracing.records:
        return _UNTOLD
    told: dict[str, str | int] = {
        names.TENANT: by.tenant,
        names.ACTOR: by.actor.name,
        names.TURN: by.turn,
        names.REVISION: by.revision,
        names.RECORD_COUNT: len(entries),
        **where(entries, tracing.asked),
    }
    return _Told(tracing, tracing.start(name, told))


class _Told(Serving):
    """One with a span."""

    def __init__(self, tracing: Tracing, span: Any) -> None:
        self._tracing = tracing
        self._span = span

    def served(self, passages: int, version: int | None = None) -> None:
        self._span.set_attribute(names.PASSAGES, passages)
        if version is not None:
            self._span.set_attribute(names.VERSION, version)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is not None:
            self._tracing.fail(self._span, code_of(error))
        self._span.end()
