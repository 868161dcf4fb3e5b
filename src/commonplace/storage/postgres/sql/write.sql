-- The statements of a batch: load, then store. See storage/programs/commit.py. What takes arrays is
-- set-wise: all rows of a step at once, and answers in their order.

-- name: tenant_lock
-- A plain read: the row was locked by a statement before this one (engine.sql), and under it no
-- other batch of this tenant runs.
SELECT tenant, revision, floor, digest, at_us, access_revision, swept_us
FROM commonplace.tenant WHERE tenant = $1

-- name: tenant_advance
-- State and position commit together. A tenant begins with its first batch.
INSERT INTO commonplace.tenant (tenant, revision, floor, digest, at_us, access_revision)
VALUES ($1, $2, 0, $3, $4, $5)
ON CONFLICT (tenant) DO UPDATE SET revision = excluded.revision, digest = excluded.digest,
    at_us = excluded.at_us, access_revision = excluded.access_revision

-- name: tenant_floor
-- The floor only rises.
UPDATE commonplace.tenant SET floor = greatest(floor, $2) WHERE tenant = $1

-- name: idempotency_load
-- Whether this key was used before by this actor.
SELECT k.tenant, k.actor, k.key, i.fingerprint, i.outcome
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (tenant, actor, key, n)
CROSS JOIN LATERAL (
    SELECT fingerprint, outcome FROM commonplace.idempotency
    WHERE tenant = k.tenant AND actor = k.actor AND key = k.key LIMIT 1) i
ORDER BY k.n

-- name: entry_load
-- Where an entry stands, without its value.
SELECT e.tenant, e.namespace, e.region, e.key, e.version, e.revision, e.dead, e.size_bytes,
       e.base_revision, e.base_place, e.base_light, e.deltas, e.delta_bytes
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS k (tenant, namespace, region, key, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.entry
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
    LIMIT 1) e
ORDER BY k.n

-- name: value_load
-- The records an entry's value is folded from: its base and the deltas after it.
SELECT l.tenant, l.namespace, l.region, l.key, l.version, l.operation, l.payload, l.checkpoint
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS k (tenant, namespace, region, key, n)
CROSS JOIN LATERAL (
    SELECT base_revision, base_place FROM commonplace.entry
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
    LIMIT 1) e
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
      AND (revision, place) >= (e.base_revision, e.base_place)
    OFFSET 0) l
ORDER BY k.n, l.revision, l.place

-- name: version_author
-- Who wrote a version: one that is to be taken back, or whose lines a prompt shows.
SELECT l.namespace, l.region, l.key, l.version, l.actor, l.revision
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    WITH ORDINALITY AS k (tenant, namespace, region, key, version, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
      AND version BETWEEN k.version AND k.version
    ORDER BY version LIMIT 1) l
ORDER BY k.n

-- name: log_insert
-- The log is append-only: this is the only statement that adds to it.
INSERT INTO commonplace.log (
    tenant, revision, place, at_us, actor, identity, idempotency, namespace, region, key,
    version, operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
    salt, payload, reason, payload_digest, turn, is_base, checkpoint, made)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[],
    $15::text[], $16::bigint[], $17::bigint[], $18::bytea[], $19::bytea[], $20::bytea[],
    $21::bytea[], $22::text[], $23::bytea[], $24::text[], $25::bigint[], $26::bytea[],
    $27::text[])

-- name: checkpoint_drop
-- A light checkpoint is replaced by the next one. Row by row: joined with what is to be changed,
-- a table that was small is read from the other end.
UPDATE commonplace.log SET checkpoint = NULL, is_base = 0
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND revision = $5 AND place = $6

-- name: entry_insert
-- The first version of an entry.
INSERT INTO commonplace.entry (tenant, namespace, region, key, version, revision, dead,
    size_bytes, base_revision, base_place, base_light, deltas, delta_bytes)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])

-- name: entry_update
-- Every further version; decided before, so nothing is compared here. All of them stand there: as
-- an insert that meets them each is found by its key, whatever the planner thinks of the table.
INSERT INTO commonplace.entry (tenant, namespace, region, key, version, revision, dead,
    size_bytes, base_revision, base_place, base_light, deltas, delta_bytes)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
ON CONFLICT (tenant, namespace, region, key) DO UPDATE
SET version = excluded.version, revision = excluded.revision, dead = excluded.dead,
    size_bytes = excluded.size_bytes, base_revision = excluded.base_revision,
    base_place = excluded.base_place, base_light = excluded.base_light,
    deltas = excluded.deltas, delta_bytes = excluded.delta_bytes

-- name: namespace_insert
-- Kept as entries appear, so that listing namespaces scans no entries.
INSERT INTO commonplace.namespace (tenant, namespace, revision)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT DO NOTHING

-- name: idempotency_insert
-- The outcome, for a retry whose answer was lost.
INSERT INTO commonplace.idempotency
    (tenant, actor, key, fingerprint, at_us, expires_us, outcome)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bytea[])

-- name: tenant_swept
-- Before the sweep: keys as old as what it takes are refused from now on, whatever a clock says.
UPDATE commonplace.tenant SET swept_us = greatest(swept_us, (
    SELECT coalesce(max(expires_us), 0) FROM (
        SELECT expires_us FROM commonplace.idempotency
        WHERE tenant = $1 AND expires_us < $2 ORDER BY expires_us LIMIT $3) due))
WHERE tenant = $1

-- name: idempotency_sweep
-- Keys that carry their own date are refused by it once they are swept, so this is safe. What is as
-- old as the youngest of them goes too.
DELETE FROM commonplace.idempotency
WHERE tenant = $1 AND expires_us < $2 AND expires_us <= (
    SELECT max(expires_us) FROM (
        SELECT expires_us FROM commonplace.idempotency
        WHERE tenant = $1 AND expires_us < $2 ORDER BY expires_us LIMIT $3) due)
