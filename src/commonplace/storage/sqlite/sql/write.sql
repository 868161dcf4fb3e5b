-- The statements of a batch: load, then store. See storage/programs/commit.py.

-- name: tenant_lock
-- Taken first: under it no other batch of this tenant runs.
SELECT tenant, revision, floor, digest, at_us, access_revision, swept_us
FROM tenant WHERE tenant = ?

-- name: tenant_advance
-- State and position commit together. A tenant begins with its first batch.
INSERT INTO tenant (tenant, revision, floor, digest, at_us, access_revision)
VALUES (?1, ?2, 0, ?3, ?4, ?5)
ON CONFLICT (tenant) DO UPDATE SET revision = ?2, digest = ?3, at_us = ?4, access_revision = ?5

-- name: tenant_floor
-- The floor only rises.
UPDATE tenant SET floor = max(floor, ?2) WHERE tenant = ?1

-- name: idempotency_load
-- Whether this key was used before by this actor.
SELECT tenant, actor, key, fingerprint, outcome FROM idempotency WHERE tenant = ? AND actor = ? AND key = ?

-- name: entry_load
-- Where an entry stands, without its value.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM entry WHERE tenant = ? AND namespace = ? AND region = ? AND key = ?

-- name: value_load
-- The records an entry's value is folded from: its base and the deltas after it.
SELECT l.tenant, l.namespace, l.region, l.key, l.version, l.operation, l.payload, l.checkpoint
FROM entry e JOIN log l
  ON l.tenant = e.tenant AND l.namespace = e.namespace AND l.region = e.region AND l.key = e.key
 AND (l.revision, l.place) >= (e.base_revision, e.base_place)
WHERE e.tenant = ? AND e.namespace = ? AND e.region = ? AND e.key = ?
ORDER BY l.revision, l.place

-- name: version_author
-- Who wrote a version: one that is to be taken back, or whose lines a prompt shows.
SELECT namespace, region, key, version, actor, revision FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND version = ?

-- name: log_insert
-- The log is append-only: this is the only statement that adds to it.
INSERT INTO log (
    tenant, revision, place, at_us, actor, identity, idempotency, namespace, region, key,
    version, operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
    salt, payload, reason, payload_digest, turn, is_base, checkpoint, made)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: checkpoint_drop
-- A light checkpoint is replaced by the next one.
UPDATE log SET checkpoint = NULL, is_base = 0
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND revision = ? AND place = ?

-- name: entry_insert
-- The first version of an entry.
INSERT INTO entry (tenant, namespace, region, key, version, revision, dead, size_bytes,
    base_revision, base_place, base_light, deltas, delta_bytes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: entry_update
-- Every further version; decided before, so nothing is compared here.
UPDATE entry SET version = ?5, revision = ?6, dead = ?7, size_bytes = ?8, base_revision = ?9,
    base_place = ?10, base_light = ?11, deltas = ?12, delta_bytes = ?13
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4

-- name: namespace_insert
-- Kept as entries appear, so that listing namespaces scans no entries.
INSERT OR IGNORE INTO namespace (tenant, namespace, revision) VALUES (?, ?, ?)

-- name: idempotency_insert
-- The outcome, for a retry whose answer was lost.
INSERT INTO idempotency (tenant, actor, key, fingerprint, at_us, expires_us, outcome)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: tenant_swept
-- Before the sweep: keys as old as what it takes are refused from now on, whatever a clock says.
UPDATE tenant SET swept_us = max(swept_us, (
    SELECT coalesce(max(expires_us), 0) FROM (
        SELECT expires_us FROM idempotency
        WHERE tenant = ?1 AND expires_us < ?2 ORDER BY expires_us LIMIT ?3)))
WHERE tenant = ?1

-- name: idempotency_sweep
-- Keys that carry their own date are refused by it once they are swept, so this is safe.
DELETE FROM idempotency WHERE (tenant, actor, key) IN (
    SELECT tenant, actor, key FROM idempotency
    WHERE tenant = ?1 AND expires_us < ?2 ORDER BY expires_us LIMIT ?3)
