"""Renderings for tests: hostile texts, subjects with a history, and a parser of what came out."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from commonplace.core.escaping import TAGS, unescaped
from commonplace.core.rendering import PREAMBLE
from commonplace.core.text import TEXT_OPERATIONS, Text, edits
from commonplace.model.entry import Line
from commonplace.model.reference import Reference
from commonplace.model.rendering import Subject
from properties import any_text


def wide(text: str) -> str:
    """The wide forms of ASCII letters and signs."""
    return text.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})


PIECES = (
    *("<", wide("<"), "\ufe64", "/", wide("/"), ">", wide(">"), '"', "=", " ", "\t", "\xa0", "-"),
    *("memory", "MEMORY", wide("m") + "emory", "by", "left-out", "changes", " ref=", " actor="),
    *("L12| ", "+", "L", "|", "9", "\\", "\\u{", "5c", "202e", "10ffff", "}", "a", "_", "é"),
    *("\n", "\r", "\x0b", "\x1b[2J", "\x85", "\u2028", "\u202e", "\u2066", "\ufeff", "\ud800"),
    *("\u200b", "\u200c", "\u200d", "\ufe0f", "\u20e3", "👩"),
)
hostile = st.one_of(any_text, st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
"""Texts that are made of what a rendering is made of, and any others."""


class Parsed(NamedTuple):
    """One line of memory as a reader of the text sees it."""

    block: str
    sign: str
    number: int
    author: str
    text: str


_LINE = re.compile(r"([-+]?)L([1-9][0-9]*)\| (.*)")
_TAG = re.compile(r'<(/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(/?)>')
_ATTRIBUTE = re.compile(r' ([a-z]+)="([^"]*)"')


def parse(text: str) -> Iterator[Parsed]:
    """Every line of memory in a rendering; whatever is neither a line nor a tag fails."""
    assert text.startswith(PREAMBLE)
    assert text.endswith("\n")
    block, author = "", ""
    for physical in text.removeprefix(PREAMBLE).split("\n")[:-1]:
        line, tag = _LINE.fullmatch(physical), _TAG.fullmatch(physical)
        if line:
            assert block
            sign, number, said = line.groups()
            yield Parsed(block, sign, int(number), author, unescaped(said))
            continue
        assert tag, physical
        end, name, said, _ = tag.groups()
        attributes = {key: unescaped(value) for key, value in _ATTRIBUTE.findall(said)}
        assert name in TAGS
        if end:
            assert block
            block, author = "", ""
        elif name in {"memory", "changes"}:
            assert not block
            block = attributes.get("ref") or attributes["to"]
        elif name == "by":
            assert block
            author = attributes.get("actor", "")
    assert not block


def subject(name: str, *texts: str, author: str = "web", **fields: Any) -> Subject:
    """A subject at version 3 with one author."""
    lines = tuple(Line(3, place, text) for place, text in enumerate(texts))
    reference = Reference.parse(f"task/q3:{name}@3")
    return Subject(reference, lines, {3: author}, **fields)


def edited(before: Subject, after: Sequence[str]) -> Subject:
    """The next version of a text: `after`, with the lines that stayed still who they were."""
    version = before.reference.at.version + 1  # type: ignore[union-attr]
    hunks = {"hunks": edits(before.lines, after), "base": version - 1}
    lines: Text = TEXT_OPERATIONS["edit"].apply(before.lines, hunks, version)
    authors = {**before.authors, version: f"agent-{version}"}
    return Subject(before.reference.pinned(version), lines, authors)


lines_of_text = st.lists(st.one_of(st.sampled_from(["", "a", "b", "c"]), hostile), max_size=8)


_NAMES = st.tuples(st.integers(1, 4), st.integers(0, 3))


@st.composite
def subjects(draw: st.DrawFn, name: str = "findings") -> Subject:
    """A subject whose lines come from a few versions by authors of any name."""
    lines, authors = [], {}
    for version in range(1, draw(st.integers(0, 4)) + 1):
        lines += [Line(version, n, text) for n, text in enumerate(draw(lines_of_text))]
        authors[version] = draw(st.one_of(st.sampled_from(["web", "docs"]), hostile))
    reference = Reference.parse(f"task/q3:{name}@4")
    first = draw(st.sampled_from([1, 1, 9]))
    if first > 1 and lines:
        end = first + len(lines) - 1
        reference = Reference.parse(f"{reference}#L{first}-{end}")
    return Subject(
        reference,
        tuple(lines),
        authors,
        own=frozenset(draw(st.sets(st.integers(1, 4)))),
        marks=draw(st.dictionaries(_NAMES, st.sampled_from(["suspect", "retracted"]))),
        note=draw(st.one_of(st.just(""), hostile)),
    )


@st.composite
def several(draw: st.DrawFn) -> list[Subject]:
    """Subjects of different names, as one prompt has them."""
    return [draw(subjects(f"region-{n}")) for n in range(draw(st.integers(1, 4)))]
