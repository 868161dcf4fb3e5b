"""Report: the sentences of a text that cite or count, with what each quotes and claims.

Pure: it reads no memory. A sentence ends at its full stop or with its paragraph, list item or
table row; citations behind the full stop belong to it. Nothing inside a code span or between
fences cites anything, and a quotation is never split.

Worked example. In the task q3, `Churn fell 12%. [findings@12#L3]` is one sentence that claims
the figure 12 and cites `task/q3:findings@12#L3`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar

from commonplace.errors import InvalidInput, InvalidReference, InvalidReport, LimitExceeded
from commonplace.explain.reports import sentence as inline
from commonplace.explain.reports.bracket import Bracket, brackets, destination_end
from commonplace.explain.reports.claims import Figure, figures
from commonplace.explain.reports.paragraph import Paragraph, paragraphs
from commonplace.explain.reports.sentence import Span
from commonplace.limits import (
    MAX_BRACKETS,
    MAX_CITATIONS,
    MAX_REPORT_BYTES,
    MAX_REPORT_CLAIMS,
    MAX_UNCITED,
)
from commonplace.model.namespace import Namespace
from commonplace.model.reference import Reference

T = TypeVar("T", bound=tuple[Any, ...])

_SHOWN_CHARACTERS: Final = 300
_TOLD_PROBLEMS: Final = 20
_OF_INTEREST: Final = re.compile(r"[\[0-9]")


class Problem(NamedTuple):
    """A citation that cannot be read: where it stands (from 1), and why, with a caret."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference as it was cited: its text without brackets, and where in the report."""

    text: str
    reference: Reference
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that cites or counts. `text` is cut where nobody reads on."""

    text: str
    line: int
    citations: tuple[Citation, ...]
    quotations: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The sentences of a report that cite, and those that count something and cite nothing.

    Of the latter it holds the first MAX_UNCITED, and `more` says that there are others.
    """

    sentences: tuple[Sentence, ...]
    uncited: tuple[Sentence, ...]
    more: bool


def parse_report(text: str, run: Namespace, *, allow_foreign: bool = False) -> Report:
    """Read a report. Citations that name no namespace are taken to be in `run`.

    Raises `InvalidReport` with every citation that is malformed, nested or, unless
    `allow_foreign`, of another namespace; `LimitExceeded` for a report that is too large.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"a report is text, not {type(text).__name__}.")
    _bound("bytes", len(text.encode("utf-8", "surrogatepass")), MAX_REPORT_BYTES)
    reading = _Reading(text, run, allow_foreign)
    for paragraph in paragraphs(text):
        if _OF_INTEREST.search(paragraph.text):
            reading.take(paragraph)
    if reading.problems:
        raise _invalid(reading.problems)
    return Report(tuple(reading.cited), tuple(reading.uncited), reading.more)


def _bound(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise LimitExceeded(
            f"The report has {actual} {what}; {limit} fit. Verify it in parts.",
            limit=limit,
            actual=actual,
            excess=actual - limit,
        )


def _invalid(problems: Sequence[Problem]) -> InvalidReport:
    count = len(problems)
    what = "1 citation" if count == 1 else f"{count} citations"
    told = [f"line {each.line}: {each.message}" for each in problems[:_TOLD_PROBLEMS]]
    if count > _TOLD_PROBLEMS:
        told.append(f"and {count - _TOLD_PROBLEMS} more.")
    head = f"{what} cannot be read. Put brackets that cite nothing into backticks."
    message = "\n".join([head, *told])
    return InvalidReport(message, problems=tuple(problems), line=problems[0].line)


@dataclass(slots=True)
class _Reading:
    """One reading of one report: what was found so far."""

    report: str
    run: Namespace
    allow_foreign: bool
    cited: list[Sentence] = field(default_factory=list)
    uncited: list[Sentence] = field(default_factory=list)
    more: bool = False
    problems: list[Problem] = field(default_factory=list)
    brackets: int = 0
    citations: int = 0
    claims: int = 0
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = [0, *(match.end() for match in re.finditer("\n", self.report))]

    def take(self, paragraph: Paragraph) -> None:
        """Find the sentences of one paragraph."""
        if self.more and "[" not in paragraph.text:
            return
        self.brackets += paragraph.text.count("[") + paragraph.text.count("(")
        _bound("brackets", self.brackets, MAX_BRACKETS)
        code = list(inline.code_spans(paragraph.text))
        text = inline.masked(paragraph.text, code)
        text = inline.masked(text, inline.address_spans(text))
        citations: list[tuple[int, Citation]] = []
        spans: list[Span] = []
        links: list[Span] = []
        for bracket in brackets(text):
            citation = self._citation(paragraph.start, bracket) if bracket.is_meant else None
            if citation is not None:
                citations.append((bracket.start, citation))
                spans.append(Span(bracket.start, bracket.end + 1))
            if bracket.links:
                links.append(Span(bracket.end + 1, destination_end(text, bracket)))
        text = inline.masked(text, sorted(links))
        text = inline.cited(inline.masked(text, inline.note_spans(text)), spans)
        spoken = inline.masked(paragraph.text, spans, " ")
        quoted = list(inline.quotations(text, spoken))
        text = inline.unquoted(text, quoted)
        said = sorted([*code, *quoted])
        whole = paragraph.kind != "text"
        for span in (Span(0, len(text)),) if whole else inline.sentences(text):
            self._sentence(paragraph, span, text, citations, said)

    def _sentence(
        self,
        paragraph: Paragraph,
        span: Span,
        text: str,
        citations: Sequence[tuple[int, Citation]],
        said: Sequence[Span],
    ) -> None:
        start, end, _ = span
        cites = tuple(each for _, each in _between(citations, start, end))
        quoted = (
            [each.quoted for each in _between(said, start, end) if each.quoted] if cites else []
        )
        # Of a sentence that cites nothing it is enough to know that it counts something.
        counted = tuple(islice(figures(text[start:end]), MAX_REPORT_CLAIMS + 1 if cites else 1))
        if not cites and (not counted or paragraph.kind == "heading"):
            return
        if not cites and len(self.uncited) == MAX_UNCITED:
            self.more = True
            return
        self.claims += len(counted) + len(quoted) if cites else 0
        _bound("figures and quotations", self.claims, MAX_REPORT_CLAIMS)
        source = paragraph.text[start:end]
        begins = paragraph.start + start + len(source) - len(source.lstrip())
        line = self._place(begins)[0]
        sentence = Sentence(_excerpt(source), line, cites, tuple(filter(None, quoted)), counted)
        (self.cited if cites else self.uncited).append(sentence)

    def _citation(self, offset: int, bracket: Bracket) -> Citation | None:
        """The citation that brackets are, or None with the problem noted."""
        self.citations += 1
        _bound("citations or more", self.citations, MAX_CITATIONS)
        try:
            reference = self._reference(bracket)
        except InvalidReference as error:
            self._note(offset + bracket.start + error.offset, str(error).partition("\n")[0])
            return None
        line, column = self._place(offset + bracket.start)
        return Citation(bracket.text, reference, line, column)

    def _reference(self, bracket: Bracket) -> Reference:
        """What brackets name. Raises `InvalidReference` with the offset from where they open."""
        if bracket.end < 0:
            raise InvalidReference("the citation is not closed: a ']' is missing.", offset=0)
        if bracket.holds or bracket.inside:
            raise InvalidReference(
                "a citation stands in brackets of its own, and holds no others.", offset=0
            )
        try:
            reference = Reference.parse(bracket.text)
        except InvalidReference as error:
            if re.search(r"[\s,;]", bracket.text.strip()):
                raise InvalidReference(
                    "brackets hold one reference and nothing else: [findings@12#L3] [plan@2].",
                    offset=1,
                ) from None
            raise InvalidReference(str(error), offset=1 + error.facts.get("offset", 0)) from None
        if reference.namespace is None:
            return replace(reference, namespace=self.run)
        if reference.namespace != self.run and not self.allow_foreign:
            raise InvalidReference(
                f"{reference.namespace} is foreign: this is a report of {self.run}.", offset=1
            )
        return reference

    def _note(self, at: int, reason: str) -> None:
        line, column = self._place(at)
        start = self.starts[line - 1]
        end = self.starts[line] - 1 if line < len(self.starts) else len(self.report)
        window = max(start, at - 61)  # of a line that may be megabytes long
        shown = InvalidReference.at(self.report[window : min(end, at + 61)], at - window, reason)
        self.problems.append(Problem(line, column, str(shown)))

    def _place(self, at: int) -> tuple[int, int]:
        """Line and column of a place in the report, both from 1."""
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1


def _between(items: Sequence[T], start: int, end: int) -> Sequence[T]:
    """Those of `items`, which are ordered by their first field, that begin in a span."""
    first = bisect_left(items, start, key=itemgetter(0))
    return items[first : bisect_left(items, end, first, key=itemgetter(0))]


def _excerpt(source: str) -> str:
    words = source.strip()
    cut = words[:_SHOWN_CHARACTERS]
    return " ".join(cut.split()) + (" …" if len(words) > len(cut) else "")


def citations_of(report: Report) -> Iterator[tuple[Sentence, Citation]]:
    """Every citation with its sentence, in the order of the report."""
    for sentence in report.sentences:
        for citation in sentence.citations:
            yield sentence, citation
