"""Conversation: a recorded run of a team of agents, as the "Who&When" data set keeps it.

The files come from two systems. In group chats (`algorithm-generated-*.json`) everybody hears
everything. In teams with an orchestrator (`hand-crafted-*.json`, Magentic-One) everybody hears
the question, the plans, the instructions and the answers; the orchestrator's progress ledger
and its other thoughts are its own. A new plan resets what everybody was shown, and a new ledger
takes the place of the one before.

So a message has a block in which it was said, and either adds to that block or becomes all of it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Place = Literal["transcript", "ledger", "thoughts"]
TRANSCRIPT: Final[Place] = "transcript"
PRIVATE: Final[tuple[Place, ...]] = ("ledger", "thoughts")
ORCHESTRATOR: Final = "Orchestrator"

MAX_FILE_BYTES: Final = 8 << 20
MAX_MESSAGES: Final = 10_000

_BY_OPENING: Final[dict[str, tuple[Place, bool]]] = {
    "Initial plan:": (TRANSCRIPT, False),
    "New plan:": (TRANSCRIPT, True),
    "Updated Ledger:": ("ledger", True),
}
"""Where the orchestrator's thoughts go by how they begin, and whether they replace what stood."""


class NoConversations(ValueError):
    """A folder was named that holds no conversation of this form. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one agent said at one step, counted from 0 as the annotations do."""

    step: int
    speaker: str
    place: Place
    replaces: bool
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A recorded run, and who made its mistake at which step, as people annotated it."""

    name: str
    question: str
    messages: tuple[Message, ...]
    mistake_agent: str
    mistake_step: int

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who says something, in order of appearance."""
        return tuple(dict.fromkeys(message.speaker for message in self.messages))

    def shown(self, speaker: str) -> tuple[Place, ...]:
        """The blocks that a speaker is shown when its turn comes."""
        if speaker == ORCHESTRATOR:
            return (TRANSCRIPT, *PRIVATE)
        return (TRANSCRIPT,)


def conversations(folder: Path) -> Iterator[Conversation]:
    """The conversations of a folder, by name. Raises `NoConversations`."""
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise NoConversations(f"{folder} holds no recorded conversations (.json files).")
    for file in files:
        yield load(file)


def load(file: Path) -> Conversation:
    """One conversation. Raises `NoConversations` when the file is something else."""
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"more than {MAX_FILE_BYTES} bytes")
        plain = json.loads(file.read_text("utf-8"))
        history = plain["history"][:MAX_MESSAGES]
        return Conversation(
            file.stem,
            str(plain["question"]),
            tuple(_message(step, each) for step, each in enumerate(history)),
            str(plain["mistake_agent"]),
            int(plain["mistake_step"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoConversations(f"{file} is no recorded conversation: {error!r}") from error


def _message(step: int, plain: dict[str, Any]) -> Message:
    role = str(plain["role"])
    said, _, aside = role.partition(" (")
    text = str(plain["content"])
    place: Place = TRANSCRIPT
    replaces = False
    if aside == "thought)":
        known = (where for opening, where in _BY_OPENING.items() if text.startswith(opening))
        place, replaces = next(known, ("thoughts", False))
    return Message(step, str(plain.get("name") or said), place, replaces, text)
