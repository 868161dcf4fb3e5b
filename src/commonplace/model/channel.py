"""Dispatch, Reply and Inbox: what passes between a channel's writer and its workers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from commonplace.model.entry import EntryKey, to_datetime
from commonplace.model.receipt import Receipt
from commonplace.model.reference import Reference

DISPATCHES = "_dispatches"
"""The reserved region, beside the channels of a namespace, that holds their dispatches."""

DispatchState = Literal["open", "replied", "superseded", "committed"]
"""open ──reply──> replied ──commit──> committed; redispatch: superseded, from either of two."""


def dispatch_key(channel: EntryKey, name: str) -> EntryKey:
    """Where a dispatch of a channel stands."""
    return EntryKey(channel.namespace, DISPATCHES, f"{channel.region}/{name}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker answered: `read` is the published version it was built on.

    `revision` is that of the view it was built on, a turn's or the dispatch's pin.
    """

    payload: Any
    read: int
    revision: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Work that a channel's writer sent to one actor, and the reply once there is one.

    `version` counts changes of the dispatch itself; `revision` and `at_us` are those of the
    newest. `pin` is the revision to read the task at, and `published` the version of the
    channel there; `stands` is the version that was published last. `follows` names the
    dispatch that this one took the place of, `difference` what was published since the version
    its worker had read (`since`), and `by` the one that took this one's place; `committed` is
    the version that stood when its reply was settled. `text` is all of it for a prompt, escaped.
    `receipt` is there for whoever just sent it.
    """

    channel: Reference
    id: str
    version: int
    revision: int
    at_us: int
    to: str
    payload: Any
    pin: int
    published: int
    stands: int
    state: DispatchState
    reply: Reply | None = None
    follows: str = ""
    since: int = 0
    difference: str = ""
    by: str = ""
    committed: int = 0
    text: str = ""
    receipt: Receipt | None = field(default=None, compare=False)

    @property
    def reference(self) -> Reference:
        """Names this dispatch as it is: at version 1 as it was sent, at 2 with the reply."""
        return dispatch_key(EntryKey.of(self.channel), self.id).reference(self.version)

    @property
    def read(self) -> int:
        """The published version that this was built on: the reply's, or else the dispatch's."""
        return self.published if self.reply is None else self.reply.read

    @property
    def stale(self) -> bool:
        """Whether something else was published since the version this was built on."""
        return self.read != self.stands

    @property
    def at(self) -> datetime:
        """When its newest change was committed, in UTC."""
        return to_datetime(self.at_us)

    def __str__(self) -> str:
        return self.text or str(self.reference)


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for one actor in a channel, oldest first, and how much more there is.

    For the writer these are dispatches with a reply, for a worker those sent to it. `waiting`
    counts the rest, that went past the limit or the budget; `tokens` is the size of these.
    """

    dispatches: tuple[Dispatch, ...]
    waiting: int = 0
    tokens: int = 0

    def __iter__(self) -> Iterator[Dispatch]:
        return iter(self.dispatches)

    def __len__(self) -> int:
        return len(self.dispatches)

    def __bool__(self) -> bool:
        return bool(self.dispatches)

    def __str__(self) -> str:
        """All of it, for a prompt, with what to do about the rest."""
        parts = [str(dispatch) for dispatch in self.dispatches]
        if self.waiting:
            parts.append(self.told)
        return "\n\n".join(parts) or "nothing waits"

    @property
    def told(self) -> str:
        """How many more there are and how to get them; empty when these are all."""
        if not self.waiting:
            return ""
        last = f"{self.dispatches[-1].id!r}" if self.dispatches else "…"
        return (
            f"{self.waiting} more waiting: settle these first, or ask for those behind them with "
            f"after={last}, or for more at once with limit= and budget_tokens=."
        )
