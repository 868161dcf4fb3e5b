"""Reads a page of documentation: what came, changed and goes in which version, and defaults."""

import re
from collections.abc import Iterator

from commonplace.demo.document import Document
from commonplace.demo.extract.claims import Sentence, claims
from commonplace.demo.finding import Finding, Topic, quoted, subject_name
from commonplace.demo.reading import Answer, Mention, Reading, first_mentions, take
from commonplace.demo.rst import (
    Directive,
    directives,
    first_heading,
    located_sentences,
    paragraphs,
    plain,
    sentences,
)

_VERSION = re.compile(r"^\d+\.\d+(?:\.\d+)?$")
_TOPICS: dict[str, Topic] = {
    "versionadded": "added",
    "versionchanged": "changed",
    "deprecated": "deprecated",
    "deprecated-removed": "deprecated",
}
_PEP = re.compile(r":pep:`(\d+)|\bPEP[ -](\d{1,4})\b")
_MOST: dict[Topic, int] = {"deprecated": 6, "added": 4, "changed": 4, "default": 3, "limit": 3}


def read_page(document: Document) -> Reading:
    """Findings from version directives and from sentences; mentions of proposals."""
    found: list[Finding] = []
    for directive in directives(document.lines):
        finding = _versioned(directive, document)
        if finding is not None:
            found.append(finding)
    found.extend(claims(_running_text(document), document.name))
    return Reading(
        findings=take(found, _MOST),
        mentions=first_mentions(list(pep_mentions(document)), 6),
        answers=_about(document),
    )


def pep_mentions(document: Document) -> Iterator[Mention]:
    """Every proposal a document names, but itself."""
    for number, line in enumerate(document.lines, start=1):
        for match in _PEP.finditer(line):
            pep = int(match[1] or match[2])
            if f"PEP {pep}" != document.subject:
                yield Mention(f"pep:{pep}", f"{document.name}:{number}")


def running_sentences(document: Document) -> Iterator[Sentence]:
    """The sentences of a document's running text, under the object each describes."""
    for paragraph in paragraphs(document.lines):
        for text, line in located_sentences(paragraph):
            yield Sentence(text, paragraph.owner or document.subject, line)


def _running_text(document: Document) -> Iterator[Sentence]:
    """Running text that no version directive quotes already."""
    taken = {
        line
        for directive in directives(document.lines)
        if directive.name in _TOPICS
        for line in range(directive.line, directive.body_line + directive.body.count("\n") + 1)
    }
    return (sentence for sentence in running_sentences(document) if sentence.line not in taken)


def _versioned(directive: Directive, document: Document) -> Finding | None:
    topic = _TOPICS.get(directive.name)
    words = directive.argument.split()
    if topic is None or not words or not _VERSION.match(words[0]):
        return None
    gone = words[1] if directive.name == "deprecated-removed" and len(words) > 1 else ""
    inline = " ".join(words[2 if gone else 1 :])
    body = next(iter(sentences(plain(f"{inline} {directive.body}"))), "")
    line = directive.line if inline or not body else directive.body_line
    return Finding(
        topic=topic,
        version=words[0],
        subject=subject_name(directive.owner or document.subject),
        note=f"removed in {gone}" if _VERSION.match(gone) else "",
        quote=quoted(body or f".. {directive.name}:: {directive.argument}"),
        source=document.name,
        line=line,
    )


def _about(document: Document) -> tuple[Answer, ...]:
    heading = first_heading(document.lines)
    if heading is None:
        return ()
    title, line = heading
    return (Answer(f"mod:{document.subject}", quoted(title), f"{document.name}:{line}"),)
