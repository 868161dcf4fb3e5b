"""Reads an enhancement proposal: its header, and what its text says of versions and limits."""

import re
from collections.abc import Iterator

from commonplace.demo.document import Document
from commonplace.demo.extract.claims import claims
from commonplace.demo.extract.page import pep_mentions, running_sentences
from commonplace.demo.finding import Finding, Topic, quoted
from commonplace.demo.reading import Answer, Mention, Reading, first_mentions, take

_FIELD = re.compile(r"^(?P<name>[A-Z][A-Za-z-]+):\s*(?P<value>.*)$")
_VERSION = re.compile(r"\b\d\.\d{1,2}\b")
_MODULE = re.compile(r":mod:`[!~]?([a-z][a-z0-9_.]*)`|``([a-z][a-z0-9_.]*)``\s+module\b")
_MOST: dict[Topic, int] = {
    "status": 1,
    "deprecated": 3,
    "added": 3,
    "changed": 3,
    "default": 2,
    "limit": 2,
}
_HEADER_LINES = 40


def read_pep(document: Document) -> Reading:
    """One finding from the header, more from the text; mentions of proposals and modules."""
    header = _header(document)
    found: list[Finding] = []
    status = _status(document, header)
    if status is not None:
        found.append(status)
    found.extend(claims(running_sentences(document), document.name))
    mentions = [*list(pep_mentions(document))[:200], *_module_mentions(document)]
    return Reading(
        findings=take(found, _MOST),
        mentions=(
            *first_mentions([m for m in mentions if m.about.startswith("pep:")], 6),
            *first_mentions([m for m in mentions if m.about.startswith("mod:")], 3),
        ),
        answers=() if status is None else (_answer(document, status),),
    )


def _header(document: Document) -> dict[str, tuple[str, int]]:
    """The header's fields, each with its line."""
    fields: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(document.lines[:_HEADER_LINES], start=1):
        if not line.strip():
            break
        match = _FIELD.match(line)
        if match is not None:
            fields.setdefault(match["name"], (match["value"].strip(), number))
    return fields


def _status(document: Document, header: dict[str, tuple[str, int]]) -> Finding | None:
    if "Status" not in header or "Title" not in header:
        return None
    title, line = header["Title"]
    status = header["Status"][0]
    version = header.get("Python-Version", ("", 0))[0]
    successors = header.get("Superseded-By", ("", 0))[0]
    note = f"{status}, superseded by PEP {successors}" if successors else status
    newest = _VERSION.findall(version)
    return Finding(
        "status",
        newest[-1] if newest else "",
        document.subject,
        note,
        quoted(title),
        document.name,
        line,
    )


def _answer(document: Document, status: Finding) -> Answer:
    number = document.subject.removeprefix("PEP ")
    target = f" for Python {status.version}" if status.version else ""
    return Answer(f"pep:{number}", f"{status.note}{target}, {status.quote}", status.where)


def _module_mentions(document: Document) -> Iterator[Mention]:
    for number, line in enumerate(document.lines, start=1):
        for match in _MODULE.finditer(line):
            yield Mention(f"mod:{match[1] or match[2]}", f"{document.name}:{number}")
