"""History: what concurrent clients asked and were told, with the times of asking and answer.

A line of a history is one `Event`. Times are of one clock that all processes of a machine
share (`time.monotonic_ns`), so that "answered before the other was asked" means something
between processes. The shape follows Jepsen's histories: invocation, completion, outcome.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from commonplace.errors import (
    CommonplaceError,
    EngineUnavailable,
    InvalidInput,
    OutcomeUnknown,
    Refused,
)

Outcome = Literal["ok", "refused", "unknown"]


class Answer(Protocol):
    """What a receipt and an entry have in common: where in the log they stand."""

    @property
    def revision(self) -> int:
        """The commit."""
        ...

    @property
    def version(self) -> int:
        """The version of the entry."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """One call: by whom, what, when it was asked and answered, and how it ended.

    `key` is the idempotency key of a write, by which the log is searched for it; `text` the
    text of a read. `version` and `revision` are those of the receipt, or of the entry read.
    `expect` is the version a write was made against, if it named one. An event without an
    answer (its process died) has outcome `unknown` and no end.
    """

    client: str
    operation: str
    entry: str
    asked_ns: int
    answered_ns: int | None
    outcome: Outcome
    key: str = ""
    version: int = 0
    revision: int = 0
    text: str | None = None
    expect: int | None = None
    code: str = ""

    @property
    def is_read(self) -> bool:
        """Whether this is a read; everything else writes."""
        return self.operation == "read"

    def to_plain(self) -> dict[str, Any]:
        """The event as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Event":
        """The reverse of `to_plain`."""
        return cls(**plain)


def outcome_of(error: CommonplaceError) -> Outcome:
    """What an error promises: `refused` says that nothing was written.

    An `EngineUnavailable` promises the same, unless it says in its facts that the outcome
    is unknown.
    """
    if isinstance(error, OutcomeUnknown) or error.facts.get("outcome") == "unknown":
        return "unknown"
    if isinstance(error, Refused | InvalidInput | EngineUnavailable):
        return "refused"
    return "unknown"


class History:
    """Events of any number of threads, in the order of their ends."""

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._mutex = threading.Lock()
        self._events: list[Event] = []

    def record(
        self,
        client: str,
        operation: str,
        entry: str,
        call: Callable[[], Answer],
        *,
        key: str = "",
        expect: int | None = None,
    ) -> Event:
        """Make `call` and note how it ended; errors of the product become outcomes."""
        asked_ns = self._clock_ns()
        version, revision, text, code = 0, 0, None, ""
        outcome: Outcome = "ok"
        try:
            answer = call()
            version, revision = answer.version, answer.revision
            text = getattr(answer, "text", None)
        except CommonplaceError as error:
            outcome, code = outcome_of(error), error.code
        event = Event(
            client,
            operation,
            entry,
            asked_ns,
            self._clock_ns(),
            outcome,
            key,
            version,
            revision,
            text,
            expect,
            code,
        )
        self.add(event)
        return event

    def add(self, event: Event) -> None:
        """Note an event that came from elsewhere."""
        with self._mutex:
            self._events.append(event)

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything recorded so far."""
        with self._mutex:
            return tuple(self._events)
