"""Replay: a recorded conversation written into a memory, each message in a turn of its speaker.

The turn reads what the speaker was shown by then and writes what it said, based on the message
that it followed: the last one in the blocks that it was shown. An empty message is a turn that
writes nothing.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, NamedTuple, Self

from commonplace import Block, Memory, Receipt, Reference, Scope, Turn
from commonplace.study.conversation import PRIVATE, TRANSCRIPT, Conversation, Message
from commonplace.study.plain_copy import PlainCopy

HOST: Final = "study"
"""Who opens the memory, sets up the tasks and asks the questions."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that was written: its entry at the version it made, with its lines."""

    message: Message
    reference: Reference
    receipt: Receipt


class Taken(NamedTuple):
    """A turn that was taken: whose, the versions it was served, what it wrote and from what."""

    turn: str
    actor: str
    served: tuple[tuple[str, int], ...]
    wrote: tuple[str, int] | None
    based_on: Reference | None


@dataclass
class Replay:
    """One conversation in one memory: use it in a `with` block, which opens its speakers.

    `copy` is told every write and `turns` holds every turn, so that what the memory says can be
    held against them.
    """

    memory: Memory
    conversation: Conversation
    copy: PlainCopy = field(default_factory=PlainCopy)
    said: dict[int, Said] = field(default_factory=dict)
    turns: list[Taken] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._speakers: dict[str, Memory] = {}

    def __enter__(self) -> Self:
        self._found()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def task(self) -> Scope:
        """The conversation's task, as the host sees it."""
        return self.memory.task(self.conversation.name)

    def speaker(self, name: str) -> Memory:
        """The memory as one of the speakers sees it."""
        if name not in self._speakers:
            opened = self._stack.enter_context(self.memory.as_actor(name))
            self._speakers[name] = opened
        return self._speakers[name]

    def block(self, speaker: str, name: str) -> Block:
        """A block of the task, as a speaker's handle."""
        return self.speaker(speaker).task(self.conversation.name).block(name)

    def run(self) -> None:
        """Write the whole conversation."""
        for message in self.conversation.messages:
            self._say(message)

    def create(self, name: str, share: Mapping[str, str]) -> None:
        """One more block in the task."""
        self.task.create_block(name, share=share)

    def _found(self) -> None:
        """The task and its blocks: who speaks in one may read and write there, nobody else.

        Whoever replaces what stands in a block is one of its owners.
        """
        self.memory.create_task(self.conversation.name)
        for place in (TRANSCRIPT, *PRIVATE):
            share = {
                speaker: "contributor"
                for speaker in self.conversation.speakers
                if place in self.conversation.shown(speaker)
            }
            replacing = (m for m in self.conversation.messages if m.place == place and m.replaces)
            share |= {message.speaker: "owner" for message in replacing}
            if share:
                self.create(place, share)

    def _say(self, message: Message) -> None:
        speaker = message.speaker
        shown = self.conversation.shown(speaker)
        followed = [said for said in self.said.values() if said.message.place in shown][-1:]
        based_on = [said.reference for said in followed] if message.text else []
        with self.speaker(speaker).turn() as turn:
            served = [turn.read(self.block(speaker, name)) for name in shown]
            if message.text:
                self._write(message, turn, based_on)
        said = self.said.get(message.step)
        self.turns.append(
            Taken(
                turn.id,
                speaker,
                tuple((entry.reference.region, entry.version) for entry in served),
                (message.place, said.receipt.version) if said else None,
                based_on[0] if based_on else None,
            )
        )

    def _write(self, message: Message, turn: Turn, based_on: list[Reference]) -> None:
        place, text, speaker = message.place, message.text, message.speaker
        block, reason = self.block(speaker, place), f"step {message.step}"
        if message.replaces:
            receipt = block.rewrite(text, turn=turn, based_on=based_on, reason=reason)
            self.copy.rewrite(place, text, speaker)
        else:
            receipt = block.append(text, turn=turn, based_on=based_on, reason=reason)
            self.copy.append(place, text, speaker)
        last = self.copy.text(place).count("\n")
        first = last - text.removesuffix("\n").count("\n")
        pinned = block.reference.pinned(receipt.version)
        self.said[message.step] = Said(message, replace(pinned, lines=(first, last)), receipt)
