"""Writes the brief: what the crew found, in sentences that each carry a citation."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from commonplace.demo.condensation import Cited, Group, parse_group
from commonplace.demo.finding import Finding, Topic, version_order
from commonplace.demo.question import Question, parse_question

HEADINGS: dict[Topic, str] = {
    "deprecated": "What is deprecated, and since when?",
    "added": "What did the newest versions add?",
    "changed": "What behaves differently now?",
    "default": "Which defaults should a caller know?",
    "limit": "Which limits are there?",
    "status": "Where do the proposals and projects stand?",
    "requires": "What is required?",
    "about": "What was read?",
}
MAX_COUNTS = 3
MAX_DETAILS = 8
MAX_QUESTIONS = 8


class Page(NamedTuple):
    """A block as it stood at one version."""

    version: int
    lines: tuple[str, ...]


def write_brief(title: str, found: Sequence[Cited], findings: Page, questions: Page) -> str:
    """The brief as Markdown. The same pages give the same brief."""
    groups = [(n, g) for n, g in enumerate(map(parse_group, findings.lines), start=1) if g]
    parts = [f"# {title}"]
    for topic, heading in HEADINGS.items():
        own = [(number, group) for number, group in groups if group.topic == topic]
        details = select([cited for cited in found if cited.finding.topic == topic])
        if not own and not details:
            continue
        counts = [_count(group, findings.version, number) for number, group in own[:MAX_COUNTS]]
        told = [f"- {tell(cited.finding)} [{cited.citation}]." for cited in details]
        parts.append("\n".join([f"## {heading}", "", " ".join(counts), "", *told]))
    listed = list(_questions(questions))
    if listed:
        parts.append("\n".join(["## Which questions came up?", "", *listed]))
    return "\n\n".join(parts) + "\n"


def select(found: Sequence[Cited]) -> list[Cited]:
    """The findings worth a sentence: newest version first, one from each document."""
    order = sorted(found, key=lambda cited: (cited.finding.subject, cited.finding.where))
    order.sort(key=lambda cited: not reads_well(cited.finding.quote))
    order.sort(key=lambda cited: version_order(cited.finding.version), reverse=True)
    chosen: list[Cited] = []
    sources: set[str] = set()
    for cited in order:
        if cited.finding.source not in sources and not cited.finding.quote.startswith(".. "):
            sources.add(cited.finding.source)
            chosen.append(cited)
        if len(chosen) == MAX_DETAILS:
            break
    return chosen


def reads_well(quote: str) -> bool:
    """Whether a quotation is a sentence one can read without what stood around it."""
    return quote[:1].isupper() and quote.endswith(".")


def tell(finding: Finding) -> str:
    """A finding as the beginning of a sentence, its quotation between double quotes."""
    quote = f'"{finding.quote}"'
    note = f", {finding.note}" if finding.note else ""
    subject, version = finding.subject, finding.version
    if finding.topic == "deprecated":
        return f"{subject}, deprecated{f' in {version}' if version else ''}{note}: {quote}"
    if finding.topic == "added":
        return (
            f"New in {version} under {subject}: {quote}"
            if version
            else f"New under {subject}: {quote}"
        )
    if finding.topic == "changed":
        return f"Since {version}, {subject} differs: {quote}" if version else f"{subject}: {quote}"
    if finding.topic == "status":
        target = f" for version {version}" if version else ""
        return f"{subject}{target}{note}: {quote}"
    return f"{subject}{note}: {quote}"


def _count(group: Group, version: int, number: int) -> str:
    noun = "finding" if len(group.items) == 1 else "findings"
    head = f"{group.topic} {group.version}".strip()
    return (
        f'The crew filed {len(group.items)} {noun} under "{head}" [findings@{version}#L{number}].'
    )


def _questions(page: Page) -> Iterator[str]:
    parsed = [(n, q) for n, q in enumerate(map(parse_question, page.lines), start=1) if q]
    answered = [(number, question) for number, question in parsed if question.solution]
    waiting = [(number, question) for number, question in parsed if not question.solution]
    for number, question in answered[:MAX_QUESTIONS]:
        yield f"- {_answered(question)} [open-questions@{page.version}#L{number}]."
    for number, question in waiting[:MAX_QUESTIONS]:
        yield f'- Still open is "{question.wording}" [open-questions@{page.version}#L{number}].'


def _answered(question: Question) -> str:
    assert question.solution is not None
    actor, text, _ = question.solution
    return f'To "{question.wording}" {actor} answered: "{text}"'
