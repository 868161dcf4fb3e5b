"""Names: every span, event, attribute and metric there is, and what each one says.

Names under `gen_ai.` and `error.` are those of the OpenTelemetry semantic conventions for
generative AI; ours stand under `commonplace.`. The reference page prints these tables, and a
test holds them against what is emitted.
"""

from typing import Final, Literal, NamedTuple

CONVENTIONS: Final = "1.42.0-dev"
"""The version of the conventions for generative AI that is followed: its registry's own name."""

# --- spans -----------------------------------------------------------------------------------

CREATE_MEMORY: Final = "create_memory"
UPDATE_MEMORY: Final = "update_memory"
UPSERT_MEMORY: Final = "upsert_memory"
DELETE_MEMORY: Final = "delete_memory"
CREATE_STORE: Final = "create_memory_store"
WRITE: Final = "commonplace.write"
READ: Final = "commonplace.read"
RENDER: Final = "commonplace.render"
DELIVER: Final = "commonplace.deliver"
CONFLICT: Final = "commonplace.conflict"

SPANS: Final = {
    CREATE_MEMORY: "a write that says that the entry must not exist (`expect=0`)",
    UPDATE_MEMORY: "a write to an entry as it stands: an edit, or anything with `expect=`",
    UPSERT_MEMORY: "a write that creates the entry or adds to it: an append",
    DELETE_MEMORY: "an entry is deleted",
    CREATE_STORE: "a region is created",
    WRITE: "any other commit: shares, cursors, or writes of several kinds in one `atomic()`",
    READ: "an entry is read in a turn",
    RENDER: "entries are rendered for a prompt in a turn",
    DELIVER: "a watch delivers a commit; linked to the span that wrote it, never its child",
}
"""Every span by its name. `commonplace.deliver` is of the kind consumer, the others internal."""

EVENTS: Final = {
    CONFLICT: "somebody else had changed the entry since it was read; nothing was written",
}
"""Events on the span of a write."""

# --- attributes ------------------------------------------------------------------------------

GEN_AI_OPERATION: Final = "gen_ai.operation.name"
STORE_ID: Final = "gen_ai.memory.store.id"
RECORD_ID: Final = "gen_ai.memory.record.id"
RECORD_COUNT: Final = "gen_ai.memory.record.count"
ERROR_TYPE: Final = "error.type"
TENANT: Final = "commonplace.tenant"
ACTOR: Final = "commonplace.actor"
NAMESPACE: Final = "commonplace.namespace"
REGION: Final = "commonplace.region"
OPERATION: Final = "commonplace.operation"
KIND: Final = "commonplace.kind"
REASON: Final = "commonplace.reason"
TURN: Final = "commonplace.turn"
OUTCOME: Final = "commonplace.outcome"
PASSAGES: Final = "commonplace.passages"
VERSION: Final = "commonplace.version"
REVISION: Final = "commonplace.revision"
READ_VERSION: Final = "commonplace.read_version"
HIDDEN: Final = "commonplace.hidden"
LAG_REVISIONS: Final = "commonplace.lag.revisions"
LAG_SECONDS: Final = "commonplace.lag.seconds"
REGION_KIND: Final = "commonplace.region_kind"
TURN_STATE: Final = "commonplace.turn_state"

ATTRIBUTES: Final = {
    GEN_AI_OPERATION: "the name of the span, where it is one of the conventions",
    STORE_ID: "the region, as a reference: `task/q3:findings`",
    RECORD_ID: "the entry, as a reference; if it has a key, only where `key` is asked for",
    RECORD_COUNT: "entries written, read or rendered; changes delivered",
    ERROR_TYPE: "the code of the error; `cancelled`, or `_OTHER` for what is none of ours",
    TENANT: "the tenant",
    ACTOR: "who writes or reads",
    NAMESPACE: "the namespace, if all writes of the commit are in one",
    REGION: "the region, likewise",
    OPERATION: "the operation, likewise: `append`, `put`",
    KIND: "the kind, likewise: `observation`, `inference`",
    REASON: "the reason, cut to `MAX_TRACED_CHARS`; only where `reason` is asked for",
    TURN: "the turn in which it was written, read or rendered",
    PASSAGES: "passages that a reading or rendering served",
    OUTCOME: "`accepted`, `duplicate`, `refused` (nothing was written) or `unknown`",
    VERSION: "the version of the entry: made, read, or standing where a write conflicts",
    READ_VERSION: "the version that a conflicting write was made from",
    REVISION: "the revision of the commit; of a read or rendering, the turn's pin",
    HIDDEN: "changes of a delivered commit that access withholds",
    LAG_REVISIONS: "how many revisions the head was ahead when a commit was delivered",
    LAG_SECONDS: "how long ago it was committed",
    REGION_KIND: "`content`, or which of the reserved regions: `grants`, `cursors`",
    TURN_STATE: "`begun`, `ended` or `stale` (its fence found that what it read has changed)",
}
"""Every attribute of a span, an event or a metric."""

# --- metrics ---------------------------------------------------------------------------------

_SECONDS: Final = (5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
_COUNTS: Final = (0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 10_000, 100_000)


class Metric(NamedTuple):
    """One measure: its unit as UCUM writes it, its attributes, and a histogram's bounds."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    unit: str
    about: str
    attributes: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


WRITES: Final = Metric(
    "commonplace.writes",
    "counter",
    "{commit}",
    "commits asked for",
    (OUTCOME, ERROR_TYPE, REGION_KIND),
)
WRITE_DURATION: Final = Metric(
    "commonplace.write.duration",
    "histogram",
    "s",
    "from asking for a commit to its answer",
    (OUTCOME, REGION_KIND),
    _SECONDS,
)
LANE_BATCH: Final = Metric(
    "commonplace.lane.batch",
    "histogram",
    "{commit}",
    "commits that went in one transaction",
    (),
    _COUNTS,
)
LANE_WAIT: Final = Metric(
    "commonplace.lane.wait",
    "histogram",
    "s",
    "how long a commit waited to be picked up for a transaction",
    (),
    _SECONDS,
)
LANE_DEPTH: Final = Metric(
    "commonplace.lane.depth", "gauge", "{commit}", "commits that wait to be picked up now"
)
TURNS: Final = Metric("commonplace.turns", "counter", "{turn}", "turns", (TURN_STATE,))
SERVED_ROWS: Final = Metric(
    "commonplace.served", "counter", "{passage}", "passages that turns were served"
)
NOTICES: Final = Metric(
    "commonplace.notices",
    "histogram",
    "{notice}",
    "notices of retractions that a turn found pending when it began",
    (),
    _COUNTS,
)
WATCH_BEHIND: Final = Metric(
    "commonplace.watch.behind",
    "histogram",
    "{revision}",
    "how many revisions the head was ahead of a commit when it was delivered",
    (),
    _COUNTS,
)
WATCH_LAG: Final = Metric(
    "commonplace.watch.lag",
    "histogram",
    "s",
    "from a commit to its delivery by a watch",
    (),
    _SECONDS,
)
UPDATE_WAIT: Final = Metric(
    "commonplace.update.wait",
    "histogram",
    "s",
    "how long an update waited in the queue of its entry",
    (),
    _SECONDS,
)

METRICS: Final = (
    WRITES,
    WRITE_DURATION,
    LANE_BATCH,
    LANE_WAIT,
    LANE_DEPTH,
    TURNS,
    SERVED_ROWS,
    NOTICES,
    WATCH_BEHIND,
    WATCH_LAG,
    UPDATE_WAIT,
)
"""Every metric. None has a namespace, key or turn among its attributes, and an actor only
where that was asked for: what users name is without bound."""
