-- Turns: what each was served, what came of it, what was taken back. All but `turn` of the log
-- is derived: storage/programs/deriving.py makes these rows from the records alone.

-- The turn a record was written in; empty outside of turns. Chained with the header.
ALTER TABLE log ADD COLUMN turn TEXT NOT NULL DEFAULT '';

-- What a turn wrote, and what a trace wrote.
CREATE INDEX log_turn ON log (tenant, turn) WHERE turn <> '';
CREATE INDEX log_trace ON log (tenant, trace) WHERE trace <> '';

-- One row per passage that a turn was served, by the entry it belongs to.
-- Lines 0 to 0: the whole entry. Renderer 0: it was read as a value, not rendered.
CREATE TABLE served (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    turn TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    renderer INTEGER NOT NULL,
    actor TEXT NOT NULL,
    pin INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, turn, ordinal)
) STRICT, WITHOUT ROWID;

CREATE INDEX served_turn ON served (tenant, turn, ordinal);
CREATE INDEX served_order ON served (tenant, revision, place);

-- One row per turn that left a record: who, at which pin, and the record that told of it first.
CREATE TABLE turn (
    tenant TEXT NOT NULL,
    turn TEXT NOT NULL,
    actor TEXT NOT NULL,
    pin INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, turn)
) STRICT, WITHOUT ROWID;

-- What a turn tried and was refused.
CREATE TABLE refusal (
    tenant TEXT NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    actor TEXT NOT NULL,
    turn TEXT NOT NULL,
    code TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    operation TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, revision, place, ordinal)
) STRICT, WITHOUT ROWID;

-- Declared derivations, by their source: version 0 stands for a source that named none, and
-- lines 0 to 0 for all of it. The record built on it is the one at (revision, place).
CREATE TABLE lineage (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place, first, last)
) STRICT, WITHOUT ROWID;

-- What was built on something retracted, as the retraction at (revision, place) found it.
CREATE TABLE suspect (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    edge TEXT NOT NULL,
    depth INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX suspect_by ON suspect (tenant, revision, place);

-- The versions that a retraction or supersession took back.
CREATE TABLE taken_back (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    operation TEXT NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place)
) STRICT, WITHOUT ROWID;

-- Who is to be told of a retraction, and what came of it: '' until it is settled.
CREATE TABLE notice (
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    settled TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, actor, revision, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_by ON notice (tenant, revision, place);
CREATE INDEX notice_pending ON notice (tenant, actor, revision) WHERE settled = '';

-- Dispatches that wait for somebody: for the actor each was sent to, and with a reply for the
-- channel's writer, who has the empty name here. What was settled or superseded has no row.
CREATE TABLE waiting (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    actor TEXT NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX waiting_order ON waiting (tenant, namespace, channel, actor, revision, place);
