"""Delivery: the span and the measures of a commit that a watch hands over."""

from commonplace.model.actor import Actor
from commonplace.model.change import Commit
from commonplace.telemetry import names
from commonplace.telemetry.metering import METERING
from commonplace.telemetry.traceparent import Traceparent
from commonplace.telemetry.tracing import TRACING


def is_heard() -> bool:
    """Whether anybody wants to hear of deliveries."""
    tracing = TRACING.get()
    return (tracing is not None and tracing.records) or METERING.get() is not None


def delivered(tenant: str, actor: Actor, commit: Commit, head: int, now_us: int) -> None:
    """Tell of a commit that is handed over, while the log's head is at revision `head`.

    The span is linked to the one that wrote, and is no child of it: a trace must not grow
    with its readers, nor wait for them.
    """
    lag_revisions = head - commit.revision
    lag_s = max(now_us - commit.at_us, 0) / 1e6
    metering = METERING.get()
    if metering is not None:
        metering.tell(names.WATCH_BEHIND, lag_revisions)
        metering.tell(names.WATCH_LAG, lag_s)
    tracing = TRACING.get()
    if tracing is None or not tracing.records:
        return
    places = {Traceparent.parse(change.trace) for change in commit.changes}
    sources = sorted(place for place in places if place is not None)
    told: dict[str, str | int | float] = {
        names.TENANT: tenant,
        names.ACTOR: actor.name,
        names.REVISION: commit.revision,
        names.RECORD_COUNT: len(commit.changes),
        names.HIDDEN: commit.hidden,
        names.LAG_REVISIONS: lag_revisions,
        names.LAG_SECONDS: lag_s,
    }
    tracing.consume(names.DELIVER, told, sources)
