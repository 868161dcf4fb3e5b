"""Serving: what one turn was served and wrote, until records tell of it.

A passage is told with the turn's next commit, at a fence or at its end, in the region `_served`
of its actor. Each has a number in its turn, so telling it twice (two commits at once, or one
whose answer was lost) changes nothing.
"""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from commonplace.core import reserved
from commonplace.errors import Refused
from commonplace.limits import MAX_SERVED_ROWS
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace
from commonplace.model.receipt import Receipt
from commonplace.storage.programs.turning import Basis
from commonplace.storage.proposal import Draft, draft

_PAGE: Final = MAX_SERVED_ROWS

AS_VALUE = 0
"""The renderer of what was read as a value."""


class Passage(NamedTuple):
    """Lines `first` to `last` of a version (0: all of it), as `renderer` showed them."""

    namespace: str
    region: str
    key: str
    version: int
    first: int = 0
    last: int = 0
    renderer: int = AS_VALUE


class Serving:
    """The account of one turn. Thread-safe.

    `pin` is the revision it reads. `bases` holds the entries that it read or wrote, and
    `served` names those it was served at its pin.
    """

    def __init__(self, actor: str) -> None:
        self.id = f"t{time.time_ns() // 1000:014x}-{os.urandom(4).hex()}"
        self.pin = 0
        self.bases: dict[EntryKey, Basis] = {}
        self.served: set[EntryKey] = set()
        self._home = EntryKey(str(Namespace.agent(actor)), reserved.SERVED)
        self._lock = threading.Lock()
        self._is_told = False
        self._first = 0  # the number of the first passage that no record tells of yet
        self._passages: list[Passage] = []
        self._seen: set[Passage] = set()
        self._left_out: list[Passage] = []  # for want of room, in the order of giving up
        self._left: set[Passage] = set()
        self._refused: list[tuple[str, str, str, str, str, int]] = []

    @property
    def is_told(self) -> bool:
        """Whether the log says all there is to say; of an idle turn, that is nothing."""
        return not (self._passages or self._left_out or self._refused)

    def note(self, passages: Iterable[Passage], left_out: Iterable[Passage] = ()) -> bool:
        """Take up what was served and what had no room; whether it is time to tell."""
        with self._lock:
            _add(passages, self._passages, self._seen)
            _add(left_out, self._left_out, self._left)
            return max(len(self._passages), len(self._left_out)) >= MAX_SERVED_ROWS

    def wrote(self, key: EntryKey, receipt: Receipt) -> None:
        """Take up a version that the turn wrote."""
        with self._lock:
            basis = self.bases.get(key)
            if basis is None or receipt.unchanged or receipt.version in basis.own:
                return
            self.bases[key] = basis._replace(own=tuple(sorted({*basis.own, receipt.version})))

    def refused(self, key: EntryKey, operation: str, error: Refused) -> None:
        """Take up a write that was refused."""
        with self._lock:
            self._refused.append((error.code, *key, operation, time.time_ns() // 1000))

    def telling(self) -> list[Draft]:
        """The writes that tell of what no record tells of yet; the first also of the turn."""
        with self._lock:
            first, is_told = self._first, self._is_told
            rest: dict[str, list[Any]] = {
                "rows": self._passages[:],
                "left_out": self._left_out[:],
                "refused": self._refused[:],
            }
        drafts: list[Draft] = []
        while any(rest.values()) or not (is_told or drafts):
            page = {name: [list(row) for row in rows[:_PAGE]] for name, rows in rest.items()}
            rest = {name: rows[_PAGE:] for name, rows in rest.items()}
            arguments = {"turn": self.id, "pin": self.pin, "first": first, **page}
            drafts.append(draft(self._home, "serve", arguments))
            first += len(page["rows"])
        return drafts

    def told(self, drafts: Sequence[Draft]) -> None:
        """These writes of `telling` were committed."""
        with self._lock:
            for each in drafts:
                arguments = each.write.arguments
                end = arguments["first"] + len(arguments["rows"])
                if end > self._first:
                    del self._passages[: end - self._first]
                    self._first = end
                gone = {tuple(row) for row in (*arguments["left_out"], *arguments["refused"])}
                self._left_out = [row for row in self._left_out if row not in gone]
                self._refused = [row for row in self._refused if row not in gone]
            self._is_told = True


def _add(passages: Iterable[Passage], to: list[Passage], seen: set[Passage]) -> None:
    fresh = [each for each in dict.fromkeys(passages) if each not in seen]
    seen.update(fresh)
    to += fresh
