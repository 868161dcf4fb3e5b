"""Paragraph: the stretches of a report that sentences are looked for in.

Markdown as far as that takes: paragraphs, list items, table rows, headings and quoted lines;
fenced code is none of them. Plain text is Markdown without marks. Every paragraph keeps the
length of its source, with its marks blanked, so that a place in it is a place in the report.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

Kind = Literal["text", "row", "heading"]

_QUOTED: Final = re.compile(r"(?:[ \t]{0,3}>[ \t]?)+")
_FENCE: Final = re.compile(r"[ \t]*(`{3,}|~{3,})([^\n]*)")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])(?:[ \t]+(?:\[[ xX]\][ \t]+)?|$)")
_HEADING: Final = re.compile(r"[ \t]{0,3}#{1,6}(?:[ \t]+|$)")
_UNDERLINE: Final = re.compile(r"[ \t]*(?:=+|-{2,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})[ \t]*$")
_TABLE_RULE: Final = re.compile(r"[ \t|:-]*$")


class Paragraph(NamedTuple):
    """A stretch of the report: where it begins, and its text with the marks blanked."""

    start: int
    text: str
    kind: Kind


class _Line(NamedTuple):
    """A line without its end: where it begins, what it says, how deep it is quoted."""

    start: int
    text: str
    depth: int


def paragraphs(report: str) -> Iterator[Paragraph]:
    """Every paragraph in order. What stands between fences is left out."""
    held: list[_Line] = []
    fence = ""
    for line in _lines(report):
        mark = _FENCE.match(line.text)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            continue
        if mark and not ("`" in mark[1] and "`" in mark[2]):
            yield from _ended(held)
            fence = mark[1]
        else:
            yield from _laid(line, held)
    yield from _ended(held)


def _lines(report: str) -> Iterator[_Line]:
    start = 0
    for text in report.split("\n"):
        quoted = _QUOTED.match(text)
        if quoted:
            blank = " " * quoted.end()
            yield _Line(start, blank + text[quoted.end() :], quoted[0].count(">"))
        else:
            yield _Line(start, text, 0)
        start += len(text) + 1


def _laid(line: _Line, held: list[_Line]) -> Iterator[Paragraph]:
    """What ends with this line; the line itself goes into `held` if it goes on."""
    text = line.text
    if not text.strip():
        yield from _ended(held)
    elif mark := _HEADING.match(text):
        yield from _ended(held)
        yield Paragraph(line.start, " " * mark.end() + text[mark.end() :], "heading")
    elif _UNDERLINE.match(text):
        yield from _ended(held, "heading" if len(held) == 1 else "text")
    elif "|" in text and "-" in text and _TABLE_RULE.match(text):
        yield from _ended(held, "heading")
    elif text.lstrip().startswith("|"):
        yield from _ended(held)
        held.append(line)
    elif item := _ITEM.match(text):
        yield from _ended(held)
        held.append(line._replace(text=" " * item.end() + text[item.end() :]))
    else:
        if held and (held[-1].depth != line.depth or _is_row(held[0])):
            yield from _ended(held)
        held.append(line)


def _is_row(line: _Line) -> bool:
    return line.text.lstrip().startswith("|")


def _ended(held: list[_Line], kind: Kind = "text") -> Iterator[Paragraph]:
    """The lines held so far as one paragraph."""
    if held:
        if kind == "text" and _is_row(held[0]):
            kind = "row"
        yield Paragraph(held[0].start, "\n".join(line.text for line in held), kind)
        held.clear()
