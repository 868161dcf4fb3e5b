"""What an agent's process says while it works: one JSON object on each line of its output.

The crew's summary believes nothing else. A write counts as acknowledged when, and only when,
the process that wrote it has said so here, after the memory answered.
"""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TextIO


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The memory accepted a write. `deed` says what kind; `text` is the line or text written.

    For a question, `about`, `where` and `answer` say what the list must show for it.
    For a condensation, `through` is the version up to which it replaced the lines.
    """

    kind: ClassVar[str] = "acknowledged"
    actor: str
    block: str
    deed: str
    version: int
    revision: int
    text: str
    about: str = ""
    where: str = ""
    answer: str = ""
    through: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """A write was refused because another agent had written; `ended` says how that ended."""

    kind: ClassVar[str] = "conflict"
    actor: str
    block: str
    code: str
    ended: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an agent is: `done` of `total` documents, or a word on what it does now."""

    kind: ClassVar[str] = "progress"
    actor: str
    doing: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent gave up. `message` is for the person at the screen."""

    kind: ClassVar[str] = "failed"
    actor: str
    message: str


Event = Acknowledged | Conflict | Progress | Failed
_KINDS: dict[str, type[Event]] = {
    kind.kind: kind for kind in (Acknowledged, Conflict, Progress, Failed)
}


class Reporter:
    """Writes events to the stream the parent reads, each whole and at once."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    def say(self, event: Event) -> None:
        """Sends one event and flushes, so that a killed process leaves what it said."""
        self._stream.write(json.dumps({"event": event.kind, **asdict(event)}) + "\n")
        self._stream.flush()


def parse_event(line: str) -> Event | None:
    """The event on a line of an agent's output; None if the line is something else, or torn."""
    try:
        facts: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(facts, dict):
        return None
    kind = _KINDS.get(str(facts.pop("event", "")))
    if kind is None:
        return None
    try:
        return kind(**facts)
    except TypeError:
        return None
