"""Verify: whether what a report cites exists, was known to its run, and says what it says.

Worked example. A run was served `findings@11`; version 12 then replaced "12%" by "11%". Of its
report, `Churn fell 12% [findings@11#L3]` is stale, `Churn fell 11% [findings@12#L3]` unserved
and `Churn fell 13% [findings@11#L3]` a mismatch.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from commonplace.errors import InvalidInput, LimitExceeded
from commonplace.explain.lookup import key_of, resolve
from commonplace.explain.past.standing import Budget
from commonplace.explain.reports.cited import Absent, Cited, Evidence, Library
from commonplace.explain.reports.known import Known, know
from commonplace.explain.reports.report import (
    Citation,
    Report,
    Sentence,
    citations_of,
    parse_report,
)
from commonplace.explain.reports.run import Run
from commonplace.explain.reports.verification import (
    VERDICTS,
    CheckedCitation,
    CitationVerdict,
    Verification,
)
from commonplace.limits import MAX_COMPARED_BYTES
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import Namespace
from commonplace.model.reference import Reference
from commonplace.storage.programs import provenance, reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program

_HELD: Final = 64
"""What sentences cite together that is kept at a time: neighbours often cite the same."""
_SHOWN_CLAIMS: Final = 5
_SHOWN_CHARACTERS: Final = 160


class Asked(NamedTuple):
    """What is to be verified, and by which turns it may have been known.

    `report` is the text, or a reference to an entry that holds it. `written` is the revision at
    which it was written: None stands for the entry's own, or the head.
    """

    report: str | Reference
    run: Namespace | None = None
    actors: frozenset[str] = frozenset()
    turns: frozenset[str] = frozenset()
    written: int | None = None
    allow_foreign: bool = False


def verify(reader: Reader, asked: Asked) -> Program[Verification]:
    """Judge every citation of a report.

    Without `actors` and `turns`, the run of an entry is its writers, and that of a text every
    turn that touched the namespace. Raises `InvalidReport` for citations that cannot be read.
    """
    now = yield from reading.standing(reader.tenant)
    text, run = yield from _opened(reader, asked, now.revision)
    report = parse_report(text, run.namespace, allow_foreign=asked.allow_foreign)
    judging = _Judging(reader, run, Library(reader, run.until))
    yield from judging.look_up(report)
    checked = yield from judging.judge(report)
    return Verification(
        run=run.namespace,
        written=run.until,
        revision=now.revision,
        citations=tuple(checked),
        uncited=report.uncited,
        more_uncited=report.more,
        turns=len({turn for known in judging.known.values() for turn in known.seen.turns}),
    )


def _opened(reader: Reader, asked: Asked, head: int) -> Program[tuple[str, Run]]:
    """The text of the report and the run that it came from."""
    report, written, actors = asked.report, asked.written, asked.actors
    if isinstance(report, str):
        if asked.run is None:
            raise InvalidInput(
                "A text has no task: say whose report it is, as in run=Namespace.task('q3')."
            )
        until = head if written is None else written
        reading.check_revision(until, head, 0)
        return report, Run(asked.run, until, asked.turns, actors)
    read = yield from resolve(reader, report)
    if not (actors or asked.turns):
        versions = {line.version for line in read.lines if read.entry.lines} or {read.entry.version}
        made = yield from provenance.records_of_versions(reader, key_of(report), versions)
        actors = frozenset(record.actor.name for record in made.values())
    namespace = asked.run or report.namespace
    assert namespace is not None  # `resolve` has seen to it
    until = read.entry.revision if written is None else written
    reading.check_revision(until, head, 0)
    return read.text, Run(namespace, until, asked.turns, actors)


@dataclass(slots=True)
class _Judging:
    """One verification: what its citations name, and what is known of the entries."""

    reader: Reader
    run: Run
    library: Library
    found: dict[Reference, Cited | Absent] = field(default_factory=dict)
    known: dict[EntryKey, Known] = field(default_factory=dict)
    compared: int = 0
    evidence: dict[tuple[Reference, ...], Evidence] = field(default_factory=dict)

    def look_up(self, report: Report) -> Program[None]:
        """Find what is cited, and gather what is known of it entry by entry."""
        cited: dict[EntryKey, list[Cited]] = defaultdict(list)
        for _, citation in citations_of(report):
            if citation.reference not in self.found:
                found = yield from self.library.look_up(citation.reference)
                self.found[citation.reference] = found
                if isinstance(found, Cited):
                    cited[found.key].append(found)
        budget = Budget()
        for key, some in cited.items():
            self.known[key] = yield from know(self.reader, key, self.run, some, budget)

    def _spend(self, compared: int) -> None:
        self.compared += compared
        if self.compared > MAX_COMPARED_BYTES:
            raise LimitExceeded(
                f"To compare every sentence with what it cites takes more than "
                f"{MAX_COMPARED_BYTES} characters. Cite lines, not whole texts.",
                limit=MAX_COMPARED_BYTES,
                actual=self.compared,
                excess=self.compared - MAX_COMPARED_BYTES,
            )

    def judge(self, report: Report) -> Program[list[CheckedCitation]]:
        """Every citation with its verdict, in order."""
        checked = []
        for sentence in report.sentences:
            found = [self.found[each.reference] for each in sentence.citations]
            mismatch = self._mismatch(sentence, found)
            for citation, each in zip(sentence.citations, found, strict=True):
                checked.append((yield from self._checked(sentence, citation, each, mismatch)))
        return checked

    def _mismatch(self, sentence: Sentence, found: Sequence[Cited | Absent]) -> str | None:
        """What a sentence says that nothing it cites does; None if some of that is unreadable."""
        read = {each.reference: each for each in found if isinstance(each, Cited)}
        if any(isinstance(each, Absent) for each in found):
            return None
        if not (sentence.figures or sentence.quotations):
            return None
        passages = tuple(read.values())
        evidence = self._evidence(passages)
        self._spend(len(evidence.words) * len(sentence.quotations))
        wrong = [f'"{said}"' for said in sentence.quotations if not evidence.quotes(said)]
        wrong += [each.text for each in sentence.figures if not each.is_in(evidence.figures)]
        if not wrong:
            return None
        shown = ", ".join(_cut(each) for each in dict.fromkeys(wrong[:_SHOWN_CLAIMS]))
        more = f" and {len(wrong) - _SHOWN_CLAIMS} more" if len(wrong) > _SHOWN_CLAIMS else ""
        source = _cut(" / ".join(each.evidence[:_SHOWN_CHARACTERS] for each in passages[:3]))
        return f'The sentence says {shown}{more}; what it cites says "{source}".'

    def _evidence(self, passages: tuple[Cited, ...]) -> Evidence:
        named = tuple(each.reference for each in passages)
        if named not in self.evidence:
            if len(self.evidence) >= _HELD:
                del self.evidence[next(iter(self.evidence))]
            self._spend(sum(len(each.evidence) for each in passages))
            self.evidence[named] = Evidence.of(passages)
        return self.evidence[named]

    def _checked(
        self,
        sentence: Sentence,
        citation: Citation,
        found: Cited | Absent,
        mismatch: str | None,
    ) -> Program[CheckedCitation]:
        if isinstance(found, Absent):
            return CheckedCitation(citation, sentence, found.verdict, found.detail, found.reference)
        known = self.known[found.key]
        unserved = yield from known.unserved(self.reader, self.run, found)
        remarks = known.suspect(found)
        if unserved and known.served_floor and (forgotten := known.forgotten(found)):
            unserved = None
            remarks.append(forgotten)
        details: dict[CitationVerdict, str | None] = {
            "retracted": known.retraction(found),
            "mismatch": mismatch,
            "unserved": unserved,
            "stale": (yield from known.staleness(found)),
        }
        apply = [verdict for verdict in VERDICTS if details.get(verdict)] or ["ok"]
        first, *also = apply
        return CheckedCitation(
            citation,
            sentence,
            first,
            details.get(first) or "",
            found.reference,
            tuple(also),
            tuple(remarks),
        )


def _cut(text: str) -> str:
    line = " ".join(text[: 2 * _SHOWN_CHARACTERS].split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + " …"
