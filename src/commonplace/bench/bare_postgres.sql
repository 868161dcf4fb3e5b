-- What the bare adversary asks of PostgreSQL: plain statements over the tables of a memory.

-- name: begin
-- As a memory's own transaction begins.
BEGIN

-- name: commit
-- Durable when it is answered.
COMMIT

-- name: set_tenant
-- The one setting that no read of a fenced table can do without.
SELECT set_config('commonplace.tenant', $1, true)

-- name: newest_record
-- What the last commit of a memory wrote, to be written again under the next numbers.
SELECT tenant, revision, place, at_us, actor, identity, idempotency, namespace, region, key,
    version, operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
    salt, payload, reason, payload_digest, turn, is_base, checkpoint, made
FROM commonplace.log WHERE tenant = $1 ORDER BY revision DESC, place DESC LIMIT 1

-- name: newest_key
-- The outcome that the last commit stored for a retry.
SELECT tenant, actor, key, fingerprint, at_us, expires_us, outcome
FROM commonplace.idempotency WHERE tenant = $1 ORDER BY at_us DESC, key DESC LIMIT 1

-- name: entry
-- Where the entry stands.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM commonplace.entry WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4

-- name: tenant
-- Where the tenant stands.
SELECT tenant, revision, floor, digest, at_us, access_revision
FROM commonplace.tenant WHERE tenant = $1

-- name: log_insert
-- One record.
INSERT INTO commonplace.log (
    tenant, revision, place, at_us, actor, identity, idempotency, namespace, region, key,
    version, operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
    salt, payload, reason, payload_digest, turn, is_base, checkpoint, made)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27)

-- name: entry_update
-- Its entry.
UPDATE commonplace.entry SET version = $5, revision = $6, dead = $7, size_bytes = $8,
    base_revision = $9, base_place = $10, base_light = $11, deltas = $12, delta_bytes = $13
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4

-- name: idempotency_insert
-- Its outcome.
INSERT INTO commonplace.idempotency (tenant, actor, key, fingerprint, at_us, expires_us, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: tenant_advance
-- The head.
UPDATE commonplace.tenant SET revision = $2, digest = $3, at_us = $4, access_revision = $5
WHERE tenant = $1

-- name: notify
-- The bare bell.
SELECT 1 FROM pg_notify($1, '')

-- name: listen
-- Who hears it.
LISTEN bare_bell

-- name: cell_table
-- The plainest table that holds a text under a name.
CREATE TABLE IF NOT EXISTS cell (name text PRIMARY KEY, value text NOT NULL)

-- name: cell_insert
-- One row: the least that a durable write can be.
INSERT INTO cell (name, value) VALUES ($1, $2)

-- name: cell_select
-- One row by its name: the least that a read can be.
SELECT value FROM cell WHERE name = $1
