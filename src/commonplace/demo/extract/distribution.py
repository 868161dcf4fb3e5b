"""Reads what an installed distribution says of itself: the METADATA file of its wheel."""

import re
import sys
from collections.abc import Iterator

from commonplace.demo.document import Document
from commonplace.demo.extract.claims import Sentence, claims
from commonplace.demo.finding import Finding, Topic, quoted
from commonplace.demo.reading import Answer, Mention, Reading, first_mentions, take
from commonplace.demo.rst import Paragraph, located_sentences, paragraphs

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")
_PEP = re.compile(r"\bPEP[ -](\d{1,4})\b|peps\.python\.org/pep-(\d{4})")
_CODE = re.compile(r"`{1,2}([a-z][a-z0-9_]{2,})`{1,2}")
_MINIMUM = re.compile(r">=?\s*(\d+\.\d+)")
_MOST: dict[Topic, int] = {
    "about": 1,
    "requires": 4,
    "status": 1,
    "deprecated": 2,
    "default": 2,
    "limit": 2,
}


def canonical(name: str) -> str:
    """A distribution's name as packaging tools compare it: lower case, dashes."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_distribution(document: Document) -> Reading:
    """Findings from the fields and the description; mentions of what it requires."""
    end = next(
        (i for i, line in enumerate(document.lines) if not line.strip()), len(document.lines)
    )
    fields = [_field(line) for line in document.lines[:end]]
    found: list[Finding] = []
    mentions: list[Mention] = []
    version = next((value for name, value in fields if name == "Version"), "")
    for number, (name, value) in enumerate(fields, start=1):
        finding = _finding(document, name, value, number)
        if finding is not None:
            found.append(finding)
        if name == "Requires-Dist" and "extra ==" not in value:
            required = _NAME.match(value)
            if required is not None:
                mentions.append(
                    Mention(f"dist:{canonical(required[0])}", f"{document.name}:{number}")
                )
    mentions.extend(_description_mentions(document, end))
    found.extend(claims(_description(document, end), document.name))
    return Reading(
        take(found, _MOST), first_mentions(mentions, 8), _answers(document, fields, version)
    )


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    return (
        (name, value.strip()) if colon and not line.startswith((" ", "\t")) else ("", line.strip())
    )


def _finding(document: Document, name: str, value: str, number: int) -> Finding | None:
    quote = quoted(f"{name}: {value}")
    if name == "Summary":
        return Finding("about", "", document.subject, "", quoted(value), document.name, number)
    if name == "Requires-Python":
        minimum = _MINIMUM.search(value)
        version = minimum[1] if minimum else ""
        return Finding("requires", version, document.subject, "", quote, document.name, number)
    if name == "Requires-Dist" and "extra ==" not in value:
        return Finding("requires", "", document.subject, "", quote, document.name, number)
    if name == "Classifier" and value.startswith("Development Status"):
        return Finding("status", "", document.subject, "", quote, document.name, number)
    return None


def _description(document: Document, end: int) -> Iterator[Sentence]:
    for paragraph in paragraphs(document.lines[end:]):
        placed = Paragraph(paragraph.text, "", paragraph.line + end)
        for text, line in located_sentences(placed):
            yield Sentence(text, document.subject, line)


def _description_mentions(document: Document, end: int) -> Iterator[Mention]:
    known = sys.stdlib_module_names
    for number, line in enumerate(document.lines[end:], start=end + 1):
        where = f"{document.name}:{number}"
        for match in _PEP.finditer(line):
            yield Mention(f"pep:{int(match[1] or match[2])}", where)
        for match in _CODE.finditer(line):
            if match[1] in known:
                yield Mention(f"mod:{match[1]}", where)


def _answers(document: Document, fields: list[tuple[str, str]], version: str) -> tuple[Answer, ...]:
    for number, (name, _) in enumerate(fields, start=1):
        if name == "Version" and version:
            about = f"dist:{canonical(document.subject)}"
            return (Answer(about, f"installed in version {version}", f"{document.name}:{number}"),)
    return ()
