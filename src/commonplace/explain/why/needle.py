"""Needle: a text that is looked for, and what it means that a value contains it.

*Exactly*: the text as it is written, in the value's lines joined by newlines, or inside one
string or number of a JSON value. *Loosely*: whatever the case of its letters, with every run of
white space as one space, so that a sentence is found however it was wrapped.

Whatever contains the needle has its `probe` inside one line, since the probe holds no white
space that could be a line's end: that is what makes a search by lines complete.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

from commonplace.core.text import Text, ended, find, starts
from commonplace.model.entry import Line
from commonplace.storage.texts import leaves, words

MAX_PLACES = 1000
"""Occurrences in one value that are told apart."""


class Place(NamedTuple):
    """Where an occurrence stands: its first and last line, counted from 0, and what of them.

    It begins at `start` in the first line and ends before `end` in the last one; loosely, both
    lines count as a whole.
    """

    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True)
class Needle:
    """A text to look for. Line ends around it do not count, and loosely no space does."""

    text: str
    loose: bool = False

    @cached_property
    def form(self) -> str:
        """The text in the form in which values are compared."""
        return fold(self.text) if self.loose else self.text.strip("\n")

    @cached_property
    def probes(self) -> tuple[str, ...]:
        """Pieces of the needle that no line's end can divide, the most telling first."""
        pieces = self.form.split(" " if self.loose else "\n")
        told = dict.fromkeys(piece for piece in pieces if piece.strip())
        return tuple(sorted(told, key=len, reverse=True))

    @property
    def may_span(self) -> bool:
        """Whether an occurrence can reach over the end of a line."""
        return (" " if self.loose else "\n") in self.form

    def in_text(self, text: str) -> bool:
        """Whether a text contains it, such as one line or one JSON string."""
        return self.form in (fold(text) if self.loose else text)

    def occurrences(self, value: Any) -> int:
        """How often a value contains it, none of them overlapping."""
        if isinstance(value, tuple):
            return self._whole(value).count(self.form)
        return sum((fold(each) if self.loose else each).count(self.form) for each in leaves(value))

    def is_in(self, value: Any) -> bool:
        """Whether a value, text or JSON, contains it."""
        if isinstance(value, tuple):
            return self.form in self._whole(value)
        return any(self.in_text(each) for each in leaves(value))

    def places(self, lines: Text) -> list[Place]:
        """Where it stands in a text."""
        size = len(self.form)
        if not self.loose:
            begins = starts(lines)
            found = []
            for at in find(ended(lines), self.form, MAX_PLACES):
                first = bisect_right(begins, at) - 1
                last = bisect_right(begins, at + size - 1) - 1
                found.append(Place(first, last, at - begins[first], at + size - begins[last]))
            return found
        words = [fold(line.text) for line in lines]
        numbers = [n for n, each in enumerate(words) if each]
        begins = [0, *accumulate(len(words[n]) + 1 for n in numbers)]
        found = []
        for at in find(self._whole(lines), self.form, MAX_PLACES):
            first = numbers[bisect_right(begins, at) - 1]
            last = numbers[bisect_right(begins, at + size - 1) - 1]
            found.append(Place(first, last, 0, len(lines[last].text)))
        return found

    def could_hold(self, line: Line) -> bool:
        """Whether a line could be a part of an occurrence that reaches over its ends."""
        if not self.may_span:
            return False
        if not self.loose:
            first, *middle, last = self.form.split("\n")
            text = line.text
            return text.endswith(first) or text.startswith(last) or text in middle
        text, form = fold(line.text), self.form
        if f" {text} " in f" {form} ":
            return True
        spaces = [n for n, character in enumerate(form) if character == " "]
        return any(text.endswith(form[:n]) or text.startswith(form[n + 1 :]) for n in spaces)

    def around(self, lines: Text, index: int) -> tuple[Text, bool]:
        """The lines of the occurrences that hold the line at `index`; empty: there is none.

        The second says that the text ended too soon: lines added there could make one yet.
        """
        before, _ = self._reach(lines, range(index - 1, -1, -1))
        after, ended_soon = self._reach(lines, range(index + 1, len(lines)))
        context = lines[index - before : index + after + 1]
        holding = [place for place in self.places(context) if place.first <= before <= place.last]
        if not holding:
            return (), ended_soon
        first, last = min(place.first for place in holding), max(place.last for place in holding)
        return context[first : last + 1], ended_soon

    def _reach(self, lines: Text, numbers: range) -> tuple[int, bool]:
        """How many lines in one direction an occurrence could take, and whether all were."""
        wanted = len(self.form) if self.loose else self.form.count("\n")
        for count, n in enumerate(numbers):
            if wanted <= 0:
                return count, False
            wanted -= len(fold(lines[n].text)) if self.loose else 1
        return len(numbers), wanted > 0

    def _whole(self, lines: Text) -> str:
        if not self.loose:
            return ended(lines)
        return " ".join(filter(None, (fold(line.text) for line in lines)))


def fold(text: str) -> str:
    """A text without its letters' case, with single spaces and none around it."""
    return " ".join(words(text))
