"""Replay: one entry's value, record by record, at a cost that its changes set and not its size.

`fold` says what one record does to a value. Over a long history a text that grows by appends
would be copied once per record; here it is a list that grows in place.
"""

from collections.abc import Mapping
from typing import Any

from commonplace.core.fold import replay
from commonplace.core.retention import stands_alone
from commonplace.core.state import MISSING
from commonplace.core.text import made, size_bytes
from commonplace.model.entry import Line


class Replay:
    """The value of one entry so far; `known` is False while bytes that it needs are gone."""

    def __init__(self) -> None:
        self.known = True
        self._lines: list[Line] | None = None
        self._other: Any = None
        self._size = 0

    @property
    def value(self) -> Any:
        """The value as decisions see it; MISSING when it is not known."""
        if not self.known:
            return MISSING
        return self._other if self._lines is None else tuple(self._lines)

    @property
    def text_bytes(self) -> int | None:
        """The size of a text; None for anything else."""
        return None if self._lines is None else self._size

    def lose(self) -> None:
        """A record without its bytes: nothing is known until the next one that stands alone."""
        self.known = False
        self._lines, self._other = None, None

    def set(self, value: Any) -> None:
        """Go on from a value known otherwise, such as a checkpoint."""
        self.known = True
        if isinstance(value, tuple):
            self._lines, self._other = list(value), None
            self._size = size_bytes(value)
        else:
            self._lines, self._other = None, value

    def take(
        self, operation: str, arguments: Mapping[str, Any] | None, version: int, dead: bool
    ) -> None:
        """Go on by one record of the log; `arguments` None means that its bytes are gone."""
        if dead:
            self.set(None)
        elif arguments is None:
            self.lose()
        elif self.known or stands_alone(operation, dead):
            self.step(operation, arguments, version)

    def step(self, operation: str, arguments: Mapping[str, Any], version: int) -> None:
        """Apply one record. Raises `DamagedMemory` if it does not apply."""
        if operation == "append" and (self._lines is not None or self._other is None):
            added = made(arguments["text"], version)
            if self._lines is None:
                self._lines, self._size = [], 0
            self._lines += added
            self._size += size_bytes(added)
            return
        before = self.value if self.known else None
        self.set(replay(before, operation, arguments, version))
