"""A finding: one sentence out of one document, with the place it came from.

In the block `findings` a finding is one line:

    [deprecated 3.11] cgi: removed in 3.13: "The cgi module is deprecated." (library-cgi.rst:19)

The square brackets hold the topic and the version it speaks of, if any; then
what it is about, an optional note, the quotation, and file and line.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Topic = Literal["deprecated", "added", "changed", "default", "limit", "status", "requires", "about"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

MAX_QUOTE_CHARS = 220

_LINE = re.compile(
    r"""^\[(?P<topic>[a-z]+)(?:[ ](?P<version>[0-9][0-9.]*))?\][ ]
        (?P<subject>[^:"]+):[ ]
        (?:(?P<note>[^"]+):[ ])?
        "(?P<quote>[^"]*)"[ ]
        \((?P<source>[^()]+):(?P<number>[0-9]+)\)$""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a document says, word for word, and where. `line` counts from 1."""

    topic: Topic
    version: str
    subject: str
    note: str
    quote: str
    source: str
    line: int

    def __str__(self) -> str:
        """The finding as the line it is in the block."""
        head = f"{self.topic} {self.version}".strip()
        note = f"{self.note}: " if self.note else ""
        return f'[{head}] {self.subject}: {note}"{self.quote}" ({self.source}:{self.line})'

    @property
    def where(self) -> str:
        """File and line, as in `library-cgi.rst:19`."""
        return f"{self.source}:{self.line}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other finding: topic, subject, place."""
        return (self.topic, self.subject, self.where)


def parse_finding(line: str) -> Finding | None:
    """The finding a line of the block holds, or None if the line is something else."""
    match = _LINE.match(line)
    if match is None or match["topic"] not in TOPICS:
        return None
    return Finding(
        topic=next(topic for topic in TOPICS if topic == match["topic"]),
        version=match["version"] or "",
        subject=match["subject"],
        note=match["note"] or "",
        quote=match["quote"],
        source=match["source"],
        line=int(match["number"]),
    )


def quoted(text: str) -> str:
    """A text fit to stand between double quotes on one line: 220 characters at most."""
    flat = _SPACE.sub(" ", text).strip().replace('"', "'")
    if "@" in flat:  # no quotation may look like a citation
        flat = flat.replace("[", "(").replace("]", ")")
    flat = "".join(character for character in flat if character.isprintable())
    if len(flat) <= MAX_QUOTE_CHARS:
        return flat
    return flat[:MAX_QUOTE_CHARS].rsplit(" ", 1)[0]


def subject_name(text: str) -> str:
    """A subject without the characters that end a subject in a line."""
    return re.sub(r'[:;"\[\]()\s]+', " ", text).strip()[:80] or "unnamed"


def version_order(version: str) -> tuple[int, ...]:
    """A key that sorts `3.9` before `3.11` and the empty version before both."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
