"""PlainCopy: what the blocks of a conversation said after each write, kept with strings alone.

The oracle of the study. It shares no code with the memory: it is told each write beside it,
keeps every state as one string, and answers by looking through all of them.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Stood(NamedTuple):
    """A run of versions of a block, `first` to below `end` (None: still), and who wrote `first`."""

    block: str
    first: int
    end: int | None
    writer: str


class _State(NamedTuple):
    text: str
    writer: str


class PlainCopy:
    """Every state of every block. Version 0 of each is the empty text."""

    def __init__(self) -> None:
        self._states: dict[str, list[_State]] = {}

    def text(self, block: str, version: int = -1) -> str:
        """A block after a version; by default as it stands."""
        return self._of(block)[version].text

    def version(self, block: str) -> int:
        """The version of a block."""
        return len(self._of(block)) - 1

    def states(self) -> Iterator[tuple[str, int, str]]:
        """Each block, version and text, version 0 left out."""
        for block, states in self._states.items():
            for version, state in enumerate(states[1:], start=1):
                yield block, version, state.text

    def append(self, block: str, text: str, writer: str) -> None:
        """Whole lines were added at the end."""
        self._add(block, self.text(block) + _ended(text), writer)

    def rewrite(self, block: str, text: str, writer: str) -> None:
        """The text became all of it."""
        self._add(block, _ended(text), writer)

    def replace(self, block: str, old: str, new: str, writer: str) -> None:
        """A passage inside lines was replaced by another."""
        self._add(block, self.text(block).replace(old, new, 1), writer)

    def remove_line(self, block: str, line: str, writer: str) -> None:
        """A whole line was taken out, as a retraction does."""
        before, _, after = ("\n" + self.text(block)).partition(f"\n{line}\n")
        self._add(block, (before + "\n" + after).removeprefix("\n"), writer)

    def stood(self, sentence: str) -> set[Stood]:
        """Every longest run of versions in which a block contained the sentence, exactly."""
        found = set()
        for block, states in self._states.items():
            first = 0
            for version, state in enumerate(states):
                holds = sentence in state.text
                if holds and not first:
                    first = version
                elif first and not holds:
                    found.add(Stood(block, first, version, states[first].writer))
                    first = 0
            if first:
                found.add(Stood(block, first, None, states[first].writer))
        return found

    def _of(self, block: str) -> list[_State]:
        return self._states.setdefault(block, [_State("", "")])

    def _add(self, block: str, text: str, writer: str) -> None:
        self._of(block).append(_State(text, writer))


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
