"""Checking fields: what `--json` prints of reports, bisections and advice."""

from typing import Any

from commonplace import Advice, Bisection, CheckedCitation, Sentence, Survey, Verification
from commonplace.cli.fields import time_text

Plain = dict[str, Any]


def citation_fields(checked: CheckedCitation) -> Plain:
    """A citation of a report and the verdict on it."""
    citation = checked.citation
    return {
        "type": "citation",
        "verdict": checked.verdict,
        "reference": str(checked.reference),
        "cited": citation.text,
        "line": citation.line,
        "column": citation.column,
        "sentence": checked.sentence.text,
        "detail": checked.detail,
        "also": list(checked.also),
        "remarks": list(checked.remarks),
    }


def uncited_fields(sentence: Sentence) -> Plain:
    """A sentence that counts something and cites nothing."""
    return {"type": "uncited", "line": sentence.line, "sentence": sentence.text}


def verification_fields(found: Verification) -> Plain:
    """The outcome of a verification; its citations stand before it."""
    return {
        "type": "verification",
        "ok": found.ok,
        "run": str(found.run),
        "written": found.written,
        "revision": found.revision,
        "turns": found.turns,
        "citations": len(found.citations),
        "verdicts": dict(found.counts),
        "uncited": len(found.uncited),
        "more_uncited": found.more_uncited,
    }


def bisection_fields(found: Bisection) -> Plain:
    """The first bad change; its records follow."""
    return {
        "type": "bisection",
        "good": found.good,
        "bad": found.bad,
        "revision": found.revision,
        "skipped": list(found.skipped),
        "tests": found.tests,
    }


def advice_fields(advice: Advice) -> Plain:
    """One finding about how the memory is used."""
    return {
        "type": "advice",
        "code": advice.code,
        "subject": advice.subject,
        "evidence": dict(advice.evidence),
        "message": advice.message,
        "fix": advice.fix,
    }


def survey_fields(survey: Survey) -> Plain:
    """The window that was looked at; its findings stand before it."""
    return {
        "type": "survey",
        "ok": survey.ok,
        "after": survey.after,
        "revision": survey.revision,
        "since": time_text(survey.since) if survey.records else None,
        "records": survey.records,
        "turns": survey.turns,
        "advice": len(survey.advice),
        "omitted": survey.omitted,
        "unknown": list(survey.unknown),
    }
