"""Turn: the right to write, and losing it."""

from typing import Protocol


class TurnLost(Exception):
    """The turn was not to be had after all, or was lost: nothing of the batch was written."""


class Turn(Protocol):
    """The right to write, among processes. Used by one thread of a process at a time.

    One that cannot know before it tries may give what it does not have yet: what is run then
    raises `TurnLost`, and is run again after another `take`.
    """

    def try_take(self) -> bool:
        """Take it if it is free, without waiting."""
        ...

    def take(self) -> None:
        """Wait for it, however long that is."""
        ...

    def release(self) -> None:
        """Give it up; harmless when it is not held."""
        ...

    def holder(self) -> str:
        """Who has it, in words; "" when nobody can say."""
        ...

    def close(self) -> None:
        """Let go of it for good."""
        ...
