"""The ledger: what the agents were told is safe, set against what is really there.

Nothing is taken on trust. The left side is what each agent's own process said was acknowledged;
the right side is read afterwards, from the memory's log and history, or from the naive file.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from commonplace.demo.condensation import condensed_keys
from commonplace.demo.event import Acknowledged, Event
from commonplace.demo.finding import parse_finding
from commonplace.demo.notebook import FINDINGS, QUESTIONS
from commonplace.demo.question import Contribution


class Written(NamedTuple):
    """Who made a version of a block, and in which revision."""

    actor: str
    revision: int


class Past(Protocol):
    """What can be read back of the crew's blocks."""

    def written(self, block: str, version: int) -> Written | None:
        """The record of a version, or None if the log has none."""

    def lines(self, block: str, version: int) -> Sequence[str] | None:
        """A block's lines at a version, or None if there is no such version."""

    def head(self, block: str) -> int:
        """The newest version of a block; 0 if it was never written."""


class Tally(NamedTuple):
    """One kind of write: how many were acknowledged, and which of them are gone."""

    acknowledged: int
    lost: tuple[Acknowledged, ...]

    @property
    def kept(self) -> int:
        """How many are still there."""
        return self.acknowledged - len(self.lost)


class Ledger(NamedTuple):
    """Findings, questions and everything else, each acknowledged against kept."""

    findings: Tally
    questions: Tally
    others: Tally

    @property
    def lost(self) -> int:
        """All acknowledged lines that are gone."""
        return len(self.findings.lost) + len(self.questions.lost) + len(self.others.lost)

    @property
    def acknowledged(self) -> int:
        """All acknowledged writes."""
        tallies = (self.findings, self.questions, self.others)
        return sum(tally.acknowledged for tally in tallies)


def balance(events: Iterable[Event], past: Past) -> Ledger:
    """The ledger of a run on a memory.

    A finding is kept when the log has its version under its author's name, and its line stood in
    the text that its owner condensed, or stands in the text of today. A question's edit is kept
    when the log has it and today's list shows it.
    """
    sides = _Sides(events)
    condensed = sorted(
        event.through for event in sides.others if event.block == FINDINGS and event.through
    )

    def logged(event: Acknowledged) -> bool:
        return past.written(event.block, event.version) == Written(event.actor, event.revision)

    def finding_kept(event: Acknowledged) -> bool:
        seen = next((v for v in condensed if v >= event.version), past.head(FINDINGS))
        return logged(event) and event.text in (past.lines(FINDINGS, seen) or ())

    today = past.lines(QUESTIONS, past.head(QUESTIONS)) or ()
    return Ledger(
        _tally(sides.findings, [event for event in sides.findings if not finding_kept(event)]),
        _tally(
            sides.questions,
            [e for e in sides.questions if not (logged(e) and _contribution(e).stands_in(today))],
        ),
        _tally(sides.others, [event for event in sides.others if not logged(event)]),
    )


def balance_naive(events: Iterable[Event], blocks: Mapping[str, Sequence[str]]) -> Ledger:
    """The ledger of a naive run, whose file has no history: what it holds now is all there is.

    A finding is kept when its line stands in the file, or a condensed line stands for it. Of
    texts that were replaced as a whole, only the last one of each block can be expected.
    """
    sides = _Sides(events)
    lines = blocks.get(FINDINGS, ())
    raw, keys = set(lines), condensed_keys(lines)

    def finding_kept(event: Acknowledged) -> bool:
        finding = parse_finding(event.text)
        return event.text in raw or (finding is not None and finding.key in keys)

    today = blocks.get(QUESTIONS, ())
    last = {event.block: event for event in sides.others if event.block != FINDINGS}
    gone = [e for e in last.values() if "\n".join(blocks.get(e.block, ())) != e.text.rstrip("\n")]
    return Ledger(
        _tally(sides.findings, [event for event in sides.findings if not finding_kept(event)]),
        _tally(
            sides.questions, [e for e in sides.questions if not _contribution(e).stands_in(today)]
        ),
        Tally(len(last), tuple(gone)),
    )


class _Sides:
    """The acknowledged writes, sorted by what must be checked about them."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.findings: list[Acknowledged] = []
        self.questions: list[Acknowledged] = []
        self.others: list[Acknowledged] = []
        for event in events:
            if not isinstance(event, Acknowledged):
                continue
            if event.block == FINDINGS and event.deed == "append":
                self.findings.append(event)
            elif event.block == QUESTIONS and event.about:
                self.questions.append(event)
            else:
                self.others.append(event)


def _tally(events: Sequence[Acknowledged], lost: Sequence[Acknowledged]) -> Tally:
    return Tally(len(events), tuple(lost))


def _contribution(event: Acknowledged) -> Contribution:
    return Contribution(event.about, event.actor, event.where, event.answer)
