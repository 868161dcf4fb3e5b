"""Layout: one subject as a block of a prompt, and what a newer version of it changed.

A physical line is one of three things: a tag, `L3| ` and a line of memory, or in a block of
changes `-L4| ` or `+L5| ` and one. Lines are escaped, so nothing in them is a line of its own
or reads as a tag. The block of a subject of which the two newest of five lines are shown:

    <memory ref="task/q3:findings@12">
    <left-out read="task/q3:findings@12#L1-3"/>
    <by actor="web-specialist"/>
    L4| Churn fell 12% in Q3.
    <by actor="docs-specialist" note="you, in this turn"/>
    L5| PEP 695 is final.
    </memory>
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from commonplace.core.difference import differences
from commonplace.core.escaping import attribute, escaped
from commonplace.model.entry import Line
from commonplace.model.reference import Reference
from commonplace.model.rendering import Shown, Subject
from commonplace.model.retraction import Notice

OWN = "you, in this turn"
UNKNOWN = "author unknown"


class Laid:
    """A subject whose lines are escaped and signed once, however often it is then cut."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.count = len(subject.lines)
        self._signed = [_author(subject, line) for line in subject.lines]
        self._lines = [
            f"L{number}| {escaped(line.text)}\n"
            for number, line in enumerate(subject.lines, subject.first)
        ]
        self._joined = list(map(str.__add__, _headers(self._signed), self._lines))

    def text(self, newest: int) -> str:
        """The block with its `newest` lines; with none of several, only what is left out."""
        cut = self.count - newest
        gap = _tag("left-out", read=str(passage(self.subject, 0, cut)), end="/") if cut else ""
        if cut == self.count > 0:
            return gap
        return "".join((self._open(), gap, *self._from(cut), "</memory>\n"))

    def shown(self, newest: int) -> Iterator[Shown]:
        """Which lines stand in `text(newest)`; an empty subject is shown too, as empty."""
        first, last = self.subject.first + self.count - newest, self.subject.first + self.count - 1
        if newest:
            yield Shown(self.subject.whole, first, last)
        elif not self.count:
            yield Shown(self.subject.whole, 0, 0)

    def left_out(self, newest: int) -> Iterator[Reference]:
        """The lines that do not stand in `text(newest)`."""
        if newest < self.count:
            yield passage(self.subject, 0, self.count - newest)

    def _open(self) -> str:
        subject = self.subject
        # The lines stand apart from the reference, so that "#L3" can be put behind it to cite.
        lines = str(subject.reference).partition("#L")[2]
        holds = "" if subject.holds == "text" else subject.holds
        return _tag("memory", ref=str(subject.whole), lines=lines, holds=holds, note=subject.note)

    def _from(self, cut: int) -> Iterator[str]:
        if cut < self.count:
            yield self._signed[cut]
            yield self._lines[cut]
        yield from self._joined[cut + 1 :]


class Changes:
    """What leads from one state of a subject to a later one, line by line.

    Lines of a text are the same while their names, words and marks are, so a line that was
    moved up by another's end is no change, and one that has become suspect is. Lines of JSON
    have no names that last, and are the same while their words and marks are.
    """

    def __init__(self, before: Subject, after: Subject) -> None:
        self._before, self._after = before, after
        self._spans = differences(_identities(before), _identities(after))

    def __bool__(self) -> bool:
        return bool(self._spans) or self._before.reference != self._after.reference

    def text(self) -> str:
        """The block: per change the lines taken out, then those put in and who wrote them."""
        before, after = self._before, self._after
        parts = [_tag("changes", **{"from": str(before.whole), "to": str(after.whole)})]
        for i1, i2, j1, j2 in self._spans:
            parts += (
                f"-L{before.first + at}| {escaped(before.lines[at].text)}\n" for at in range(i1, i2)
            )
            headers = _headers([_author(after, line) for line in after.lines[j1:j2]])
            parts += (
                f"{header}+L{after.first + at}| {escaped(after.lines[at].text)}\n"
                for at, header in enumerate(headers, j1)
            )
        return "".join((*parts, "</changes>\n"))

    def shown(self) -> Iterator[Shown]:
        """Which lines stand in `text()`, those taken out in the version before."""
        for i1, i2, j1, j2 in self._spans:
            for subject, start, end in ((self._before, i1, i2), (self._after, j1, j2)):
                if start < end:
                    yield Shown(subject.whole, subject.first + start, subject.first + end - 1)


def told(notice: Notice) -> str:
    """A notice as a block: what was retracted, and what is so instead if there is anything."""
    parts = [_tag("retracted", ref=str(notice.reference), by=notice.actor, reason=notice.reason)]
    for sign, value in (("-", notice.text), ("+", notice.replacement)):
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts += (f"{sign}| {escaped(line)}\n" for line in text.split("\n"))
    return "".join((*parts, "</retracted>\n"))


def passage(subject: Subject, start: int, end: int) -> Reference:
    """The reference of the subject's lines [start, end), counted from 0."""
    return replace(subject.reference, lines=(subject.first + start, subject.first + end - 1))


def _identities(subject: Subject) -> list[str]:
    return [_identity(subject, line) for line in subject.lines]


def _identity(subject: Subject, line: Line) -> str:
    name = f"{line.version}.{line.place}" if subject.holds == "text" else ""
    return f"{name}\n{subject.marks.get(line[:2], '')}\n{line.text}"


def _author(subject: Subject, line: Line) -> str:
    """The tag that says who wrote a line."""
    actor = subject.authors.get(line.version, "")
    notes = (
        "" if actor else UNKNOWN,
        OWN if line.version in subject.own else "",
        subject.marks.get(line[:2], ""),
    )
    return _tag("by", actor=actor, note="; ".join(filter(None, notes)), end="/")


def _headers(signed: Sequence[str]) -> list[str]:
    """The tag of each line that begins a run of one author's, and "" for the others."""
    return [tag if tag != last else "" for tag, last in zip(signed, ["", *signed], strict=False)]


def _tag(name: str, *, end: str = "", **attributes: str) -> str:
    said = "".join(f' {key}="{attribute(value)}"' for key, value in attributes.items() if value)
    return f"<{name}{said}{end}>\n"
