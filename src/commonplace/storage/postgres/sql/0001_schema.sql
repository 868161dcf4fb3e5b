-- The first schema: what the SQLite files 0001 to 0003 together leave, for PostgreSQL. Tenant comes
-- first in every key; nothing here decides anything. Text is ordered by its bytes, as there.

-- One row per tenant: where its log stands. Every batch takes this row first. The page is left
-- mostly empty, so that the row's next versions fit beside it and touch no index (HOT).
CREATE TABLE commonplace.tenant (
    tenant text COLLATE "C" NOT NULL PRIMARY KEY,
    revision bigint NOT NULL,
    floor bigint NOT NULL,
    digest bytea NOT NULL,
    at_us bigint NOT NULL,
    access_revision bigint NOT NULL,
    -- Expiry of the youngest idempotency row that was swept.
    swept_us bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

-- The log: headers for ever, bodies (salt, payload, reason) until retention or erasure.
-- is_base marks a record that stands alone: replay of its entry may begin here, from its
-- checkpoint if it has one and else from its payload. previous is the digest before a record
-- whose predecessor was archived: the link can still be checked. turn is the turn it was written
-- in, empty outside of turns, and chained with the header. made are the lines that a `replace`
-- left, which its payload does not hold; NULL for every other record, and where nobody knows. Not
-- chained: replaying the entry gives the same.
-- It only grows, so its statistics are renewed before a tenth of it is new.
CREATE TABLE commonplace.log (
    tenant text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    at_us bigint NOT NULL,
    actor text COLLATE "C" NOT NULL,
    identity text COLLATE "C" NOT NULL,
    idempotency text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    operation text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    based_on text COLLATE "C" NOT NULL,
    trace text COLLATE "C" NOT NULL,
    turn text COLLATE "C" NOT NULL DEFAULT '',
    dead bigint NOT NULL,
    size_bytes bigint NOT NULL,
    commitment bytea NOT NULL,
    digest bytea NOT NULL,
    salt bytea,
    payload bytea,
    reason text COLLATE "C",
    payload_digest bytea,
    is_base bigint NOT NULL,
    checkpoint bytea,
    previous bytea,
    made text COLLATE "C"
) WITH (autovacuum_analyze_scale_factor = 0.02);

CREATE UNIQUE INDEX log_order ON commonplace.log (tenant, revision, place);

-- No version of an entry is ever given out twice; and a citation names a version.
CREATE UNIQUE INDEX log_version ON commonplace.log (tenant, namespace, region, key, version);

-- The history of one entry. is_base rides along, so that finding the base of a pinned
-- read touches the index alone once the page is known to be visible. It comes last of those that
-- begin like this: of indexes that cost the same the planner takes the one that was made last, and
-- of an entry by its revision this one alone is exact.
CREATE INDEX log_history
    ON commonplace.log (tenant, namespace, region, key, revision DESC, place DESC)
    INCLUDE (is_base);

-- What a turn wrote, in order, and what a trace wrote. The order stands in the index of turns, so
-- that the planner has no reason to go through the whole log for it.
CREATE INDEX log_turn ON commonplace.log (tenant, turn, revision, place) WHERE turn <> '';
CREATE INDEX log_trace ON commonplace.log (tenant, trace) WHERE trace <> '';

-- Records whose text is gone or, for a `replace`, not known: a search says how many. Of the
-- reserved regions, dispatches alone say something (core.reserved.is_said).
CREATE INDEX log_unsaid ON commonplace.log (tenant, namespace, region, revision, key)
    WHERE (substr(region, 1, 1) <> '_' OR region = '_dispatches')
      AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
      AND (payload IS NULL OR (operation = 'replace' AND made IS NULL));

-- Where each entry stands, and where its replay begins. No index has any column that changes and
-- every page keeps room, so that an update stays on its page (HOT).
CREATE TABLE commonplace.entry (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    dead bigint NOT NULL,
    size_bytes bigint NOT NULL,
    base_revision bigint NOT NULL,
    base_place bigint NOT NULL,
    base_light bigint NOT NULL,
    deltas bigint NOT NULL,
    delta_bytes bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key)
) WITH (fillfactor = 70);

-- One row per commit and key, so that a retry finds its outcome.
CREATE TABLE commonplace.idempotency (
    tenant text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    at_us bigint NOT NULL,
    expires_us bigint,
    outcome bytea NOT NULL,
    PRIMARY KEY (tenant, actor, key)
);

CREATE INDEX idempotency_expiry ON commonplace.idempotency (tenant, expires_us)
    WHERE expires_us IS NOT NULL;

-- Every namespace that was ever written to, so that listing them scans no entries.
CREATE TABLE commonplace.namespace (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (tenant, namespace)
);

-- A list of namespaces that was made before asks whether any appeared since.
CREATE INDEX namespace_order ON commonplace.namespace (tenant, revision);

-- Places in the queues of update(): fairness only, never history (docs/decisions). A place is kept
-- alive by its row, over and over.
CREATE TABLE commonplace.ticket (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    holder text COLLATE "C" NOT NULL,
    presence text COLLATE "C" NOT NULL,
    expires_us bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, number)
) WITH (fillfactor = 50);

-- Turns: what each was served, what came of it, what was taken back. All but `turn` of the log
-- is derived: storage/programs/deriving.py makes these rows from the records alone.

-- One row per passage that a turn was served, by the entry it belongs to.
-- Lines 0 to 0: the whole entry. Renderer 0: it was read as a value, not rendered.
CREATE TABLE commonplace.served (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    turn text COLLATE "C" NOT NULL,
    ordinal bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    renderer bigint NOT NULL,
    actor text COLLATE "C" NOT NULL,
    pin bigint NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, turn, ordinal)
);

CREATE INDEX served_turn ON commonplace.served (tenant, turn, ordinal);
CREATE INDEX served_order ON commonplace.served (tenant, revision, place);

-- One row per turn that left a record: who, at which pin, and the record that told of it first.
CREATE TABLE commonplace.turn (
    tenant text COLLATE "C" NOT NULL,
    turn text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    pin bigint NOT NULL,
    revision bigint NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (tenant, turn)
);

-- What a turn tried and was refused.
CREATE TABLE commonplace.refusal (
    tenant text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    ordinal bigint NOT NULL,
    actor text COLLATE "C" NOT NULL,
    turn text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    at_us bigint NOT NULL,
    PRIMARY KEY (tenant, revision, place, ordinal)
);

-- Declared derivations, by their source: version 0 stands for a source that named none, and
-- lines 0 to 0 for all of it. The record built on it is the one at (revision, place).
CREATE TABLE commonplace.lineage (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place, first, last)
);

-- What was built on something retracted, as the retraction at (revision, place) found it.
CREATE TABLE commonplace.suspect (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    edge text COLLATE "C" NOT NULL,
    depth bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place)
);

CREATE INDEX suspect_by ON commonplace.suspect (tenant, revision, place);

-- The versions that a retraction or supersession took back.
CREATE TABLE commonplace.taken_back (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    operation text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, version, revision, place)
);

-- Who is to be told of a retraction, and what came of it: '' until it is settled.
CREATE TABLE commonplace.notice (
    tenant text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    settled text COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (tenant, actor, revision, place)
);

CREATE INDEX notice_by ON commonplace.notice (tenant, revision, place);
CREATE INDEX notice_pending ON commonplace.notice (tenant, actor, revision) WHERE settled = '';

-- Dispatches that wait for somebody: for the actor each was sent to, and with a reply for the
-- channel's writer, who has the empty name here. What was settled or superseded has no row.
CREATE TABLE commonplace.waiting (
    tenant text COLLATE "C" NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    region text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    place bigint NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key)
);

CREATE INDEX waiting_order
    ON commonplace.waiting (tenant, namespace, channel, actor, revision, place);

-- The text index: which records hold which three characters. Derived from the log and kept in the
-- transaction of the writer, a batch behind it: storage/programs/indexing.py. One row per record
-- with text in it, numbered by its revision and place; of the text only the numbers of its
-- trigrams are kept (storage/postgres/trigrams.py). New rows wait in a list that is kept short,
-- since every search reads it and some writer has to sort it in.
CREATE TABLE commonplace.sought (
    tenant text COLLATE "C" NOT NULL,
    "row" bigint NOT NULL,
    grams bigint[] NOT NULL,
    PRIMARY KEY (tenant, "row")
);

CREATE INDEX sought_grams ON commonplace.sought USING gin (grams)
    WITH (fastupdate = on, gin_pending_list_limit = 512);

-- How far each tenant's log is in the index; what comes after is read record by record. Rows are
-- kept by tenant, so the number tells tenants apart nowhere and is 1 for each.
CREATE TABLE commonplace.seeking (
    tenant text COLLATE "C" NOT NULL PRIMARY KEY,
    number bigint NOT NULL,
    revision bigint NOT NULL
) WITH (fillfactor = 20);

-- The second fence between tenants, beside the tenant that every statement names: a transaction
-- sees and writes rows of the tenant that it has set, and without one none at all. Forced: the
-- owner of the tables is no exception.
ALTER TABLE commonplace.tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_tenant ON commonplace.tenant
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.log ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.log FORCE ROW LEVEL SECURITY;
CREATE POLICY log_tenant ON commonplace.log
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.entry FORCE ROW LEVEL SECURITY;
CREATE POLICY entry_tenant ON commonplace.entry
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_tenant ON commonplace.idempotency
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.namespace ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.namespace FORCE ROW LEVEL SECURITY;
CREATE POLICY namespace_tenant ON commonplace.namespace
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.ticket FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_tenant ON commonplace.ticket
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.served ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.served FORCE ROW LEVEL SECURITY;
CREATE POLICY served_tenant ON commonplace.served
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.turn ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.turn FORCE ROW LEVEL SECURITY;
CREATE POLICY turn_tenant ON commonplace.turn
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.refusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.refusal FORCE ROW LEVEL SECURITY;
CREATE POLICY refusal_tenant ON commonplace.refusal
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.lineage ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.lineage FORCE ROW LEVEL SECURITY;
CREATE POLICY lineage_tenant ON commonplace.lineage
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.suspect ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.suspect FORCE ROW LEVEL SECURITY;
CREATE POLICY suspect_tenant ON commonplace.suspect
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.taken_back ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.taken_back FORCE ROW LEVEL SECURITY;
CREATE POLICY taken_back_tenant ON commonplace.taken_back
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.notice FORCE ROW LEVEL SECURITY;
CREATE POLICY notice_tenant ON commonplace.notice
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.waiting ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.waiting FORCE ROW LEVEL SECURITY;
CREATE POLICY waiting_tenant ON commonplace.waiting
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

ALTER TABLE commonplace.seeking ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.seeking FORCE ROW LEVEL SECURITY;
CREATE POLICY seeking_tenant ON commonplace.seeking
    USING (tenant = current_setting('commonplace.tenant', true))
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));

-- Before a policy has spoken PostgreSQL evaluates only what cannot leak, which comparing arrays is
-- not held to be: asked by the statement alone, the index of trigrams would never be used. So the
-- trigrams that are asked for stand in the policy too, from a setting (sought_ask); without it all
-- rows of the tenant may be seen. That this can only hide rows keeps the fence as it is.
ALTER TABLE commonplace.sought ENABLE ROW LEVEL SECURITY;
ALTER TABLE commonplace.sought FORCE ROW LEVEL SECURITY;
CREATE POLICY sought_tenant ON commonplace.sought
    USING (tenant = current_setting('commonplace.tenant', true)
        AND grams @> coalesce(nullif(current_setting('commonplace.grams', true), ''), '{}')::bigint[])
    WITH CHECK (tenant = current_setting('commonplace.tenant', true));
