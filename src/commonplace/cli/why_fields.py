"""Why fields: what `why --json` prints."""

from typing import Any

from commonplace import Derivation, Occurrence, Record, Served, Why
from commonplace.cli.fields import record_fields, time_text

Plain = dict[str, Any]


def why_fields(found: Why) -> Plain:
    """The end of an answer; its occurrences stand before it."""
    return {
        "type": "why",
        "text": found.text,
        "occurrences": len(found.occurrences),
        "omitted": found.omitted,
        "unknown": list(found.unknown),
    }


def occurrence_fields(found: Occurrence) -> Plain:
    """One run of versions that contained the text."""
    return {
        "type": "occurrence",
        "reference": str(found.reference),
        "match": found.match,
        "status": found.status,
        "first": found.first,
        "end": found.end,
        "sure": found.sure,
        "seconds": found.seconds,
        "introduced": _record(found.introduced),
        "ended": _record(found.ended),
        "contributions": [
            {
                "version": part.version,
                "actor": part.record.actor.name if part.record else None,
                "text": part.text,
            }
            for part in found.contributions
        ],
        "again": [record_fields(record) for record in found.again],
        "writer_served": [_served(row) for row in found.writer_served],
        "more_writer_served": found.more_writer_served,
        "marked": [record_fields(record) for record in found.marked],
        "served": [_served(row) for row in found.served],
        "more_served": found.more_served,
        "derived": [_derived(each) for each in found.derived],
        "more_derived": found.more_derived,
        "hidden": found.hidden,
    }


def _record(record: Record | None) -> Plain | None:
    return record_fields(record) if record else None


def _served(row: Served) -> Plain:
    return {
        "actor": row.actor,
        "turn": row.turn,
        "reference": str(row.reference),
        "revision": row.revision,
        "at": time_text(row.at),
        "pin": row.pin,
        "renderer": row.renderer,
    }


def _derived(each: Derivation) -> Plain:
    return {
        "reference": str(each.record.reference),
        "actor": each.record.actor.name,
        "revision": each.record.revision,
        "turn": each.record.turn,
        "edge": each.edge,
        "source": str(each.source),
        "depth": each.depth,
    }
