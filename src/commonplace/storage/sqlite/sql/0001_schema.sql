-- The first schema. Tenant comes first in every key; nothing here decides anything.

-- One row per tenant: where its log stands. Every batch takes this row first.
CREATE TABLE tenant (
    tenant TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    digest BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    access_revision INTEGER NOT NULL,
    -- Expiry of the youngest idempotency row that was swept.
    swept_us INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The log: headers for ever, bodies (salt, payload, reason) until retention or erasure.
-- is_base marks a record that stands alone: replay of its entry may begin here, from its
-- checkpoint if it has one and else from its payload. previous is the digest before a record
-- whose predecessor was archived: the link can still be checked.
CREATE TABLE log (
    tenant TEXT NOT NULL,
    revision INTEGER NOT NULL,
    place INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    actor TEXT NOT NULL,
    identity TEXT NOT NULL,
    idempotency TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    operation TEXT NOT NULL,
    kind TEXT NOT NULL,
    based_on TEXT NOT NULL,
    trace TEXT NOT NULL,
    dead INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    commitment BLOB NOT NULL,
    digest BLOB NOT NULL,
    salt BLOB,
    payload BLOB,
    reason TEXT,
    payload_digest BLOB,
    is_base INTEGER NOT NULL,
    checkpoint BLOB,
    previous BLOB
) STRICT;

CREATE UNIQUE INDEX log_order ON log (tenant, revision, place);

-- The history of one entry. is_base rides along, so that finding the base of a pinned
-- read touches the index alone.
CREATE INDEX log_history
    ON log (tenant, namespace, region, key, revision DESC, place DESC, is_base);

-- No version of an entry is ever given out twice; and a citation names a version.
CREATE UNIQUE INDEX log_version ON log (tenant, namespace, region, key, version);

-- Where each entry stands, and where its replay begins.
CREATE TABLE entry (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    base_revision INTEGER NOT NULL,
    base_place INTEGER NOT NULL,
    base_light INTEGER NOT NULL,
    deltas INTEGER NOT NULL,
    delta_bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key)
) STRICT, WITHOUT ROWID;

-- One row per commit and key, so that a retry finds its outcome.
CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    at_us INTEGER NOT NULL,
    expires_us INTEGER,
    outcome BLOB NOT NULL,
    PRIMARY KEY (tenant, actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_expiry ON idempotency (tenant, expires_us) WHERE expires_us IS NOT NULL;

-- Every namespace that was ever written to, so that listing them scans no entries.
CREATE TABLE namespace (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace)
) STRICT, WITHOUT ROWID;

-- A list of namespaces that was made before asks whether any appeared since.
CREATE INDEX namespace_order ON namespace (tenant, revision);

-- Places in the queues of update(): fairness only, never history (docs/decisions).
CREATE TABLE ticket (
    tenant TEXT NOT NULL,
    namespace TEXT NOT NULL,
    region TEXT NOT NULL,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    holder TEXT NOT NULL,
    presence TEXT NOT NULL,
    expires_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, namespace, region, key, number)
) STRICT, WITHOUT ROWID;
