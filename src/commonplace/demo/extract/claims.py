"""Claims: the topic a sentence belongs to, told by its words alone."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from commonplace.demo.finding import Finding, Topic, quoted, subject_name

MIN_SENTENCE_CHARS = 25
MAX_SENTENCE_CHARS = 400

_VERSION = r"(?:Python|version)\s+(?P<version>[23]\.\d{1,2})\b"
_PATTERNS: tuple[tuple[Topic, re.Pattern[str]], ...] = (
    ("deprecated", re.compile(rf"\bdeprecated\b.{{0,60}}?\b(?:since|in|as of)\s+{_VERSION}", re.I)),
    ("deprecated", re.compile(rf"\b(?:removed|dropped)\s+(?:in|from|with)\s+{_VERSION}", re.I)),
    (
        "deprecated",
        re.compile(r"\b(?:is|are|was|were|been)\s+(?:now\s+)?deprecated\b|^Deprecated\b", re.I),
    ),
    ("added", re.compile(rf"\b(?:added|introduced|new)\s+(?:in|with|to)\s+{_VERSION}", re.I)),
    ("changed", re.compile(rf"\b(?:changed|since|starting (?:in|with)|as of)\s+{_VERSION}", re.I)),
    (
        "default",
        re.compile(r"\bdefaults?\s+(?:to|is|value\s+(?:is|of))\s+(?=\S*[\d'`\"]|True|False|None)"),
    ),
    (
        "limit",
        re.compile(
            r"\b(?:at most|at least|no more than|limited to|up to)\s+(?:a |the |about )?-?\d", re.I
        ),
    ),
    ("limit", re.compile(r"\b(?:maximum|minimum)\b.{0,40}?\b(?:is|of|to|=)\s+-?\d", re.I)),
)
_BULLET = re.compile(r"^[*-]\s+")


class Sentence(NamedTuple):
    """A sentence of running text: what it describes and the line it starts on."""

    text: str
    subject: str
    line: int


def claims(found: Iterable[Sentence], source: str) -> Iterator[Finding]:
    """The sentences that claim something on a topic, as findings; each under its first topic."""
    for sentence in found:
        if not MIN_SENTENCE_CHARS <= len(sentence.text) <= MAX_SENTENCE_CHARS:
            continue
        text = _BULLET.sub("", sentence.text)
        if ">>>" in text or text.endswith("?"):
            continue
        for topic, pattern in _PATTERNS:
            match = pattern.search(text)
            if match is None:
                continue
            version = match.groupdict().get("version") or ""
            quote = quoted(text)
            if version in quote:
                yield Finding(
                    topic, version, subject_name(sentence.subject), "", quote, source, sentence.line
                )
            break
