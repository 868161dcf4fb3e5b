"""Condenses findings: one line for each topic and version, with a citation for every finding.

    [deprecated 3.11] 2 findings: cgi (library-cgi.rst:19) [findings@57#L3]; imghdr (...) [...]

The raw lines go from the block's text but not from its history: each citation names the version
in which the raw line stood, and that version can be read for ever. Condensing condensed lines
again merges them, so that nothing found is ever dropped.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from commonplace.demo.finding import TOPICS, Finding, Topic, parse_finding, version_order

_GROUP = re.compile(
    r"^\[(?P<topic>[a-z]+)(?: (?P<version>[0-9][0-9.]*))?\] "
    r"(?P<count>\d+) findings?: (?P<items>.+)$"
)
_ITEM = re.compile(r"^(?P<subject>.+) \((?P<where>[^()]+:\d+)\) \[(?P<citation>[^\[\]]+)\]$")


class Item(NamedTuple):
    """A finding inside a condensed line: its subject, its place, and where its raw line stood."""

    subject: str
    where: str
    citation: str


class Group(NamedTuple):
    """One condensed line: all findings of a topic that speak of one version."""

    topic: Topic
    version: str
    items: tuple[Item, ...]

    def __str__(self) -> str:
        """The group as the line it is in the block."""
        head = f"{self.topic} {self.version}".strip()
        noun = "finding" if len(self.items) == 1 else "findings"
        items = "; ".join(f"{item.subject} ({item.where}) [{item.citation}]" for item in self.items)
        return f"[{head}] {len(self.items)} {noun}: {items}"


class Cited(NamedTuple):
    """A finding and the citation of its raw line."""

    finding: Finding
    citation: str


def parse_group(line: str) -> Group | None:
    """The group a condensed line holds, or None if the line is something else."""
    match = _GROUP.match(line)
    if match is None or match["topic"] not in TOPICS:
        return None
    items = [_ITEM.match(part) for part in match["items"].split("; ")]
    held = tuple(Item(item["subject"], item["where"], item["citation"]) for item in items if item)
    if len(held) != int(match["count"]):
        return None
    topic = next(topic for topic in TOPICS if topic == match["topic"])
    return Group(topic, match["version"] or "", held)


def cited_findings(lines: Sequence[str], version: int) -> Iterator[Cited]:
    """The raw findings in a block's lines, each with the citation it has at this version."""
    for number, line in enumerate(lines, start=1):
        finding = parse_finding(line)
        if finding is not None:
            yield Cited(finding, f"findings@{version}#L{number}")


def condense(lines: Sequence[str], version: int) -> str:
    """The text that says the same in fewer lines. Lines it does not understand are kept."""
    groups: dict[tuple[Topic, str], list[Item]] = {}
    kept: list[str] = []
    for number, line in enumerate(lines, start=1):
        group = parse_group(line)
        finding = parse_finding(line)
        if group is not None:
            groups.setdefault((group.topic, group.version), []).extend(group.items)
        elif finding is not None:
            item = Item(finding.subject, finding.where, f"findings@{version}#L{number}")
            groups.setdefault((finding.topic, finding.version), []).append(item)
        elif line.strip():
            kept.append(line)
    order = sorted(
        groups,
        key=lambda key: (TOPICS.index(key[0]), [-part for part in version_order(key[1])] or [1]),
    )
    return "\n".join(
        [*kept, *(str(Group(topic, v, tuple(groups[topic, v]))) for topic, v in order)]
    )


def condensed_keys(lines: Sequence[str]) -> set[tuple[str, str, str]]:
    """The keys of all findings that condensed lines stand for: topic, subject, place."""
    groups = (parse_group(line) for line in lines)
    return {
        (group.topic, item.subject, item.where) for group in groups if group for item in group.items
    }
