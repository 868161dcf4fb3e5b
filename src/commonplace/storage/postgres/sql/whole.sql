-- The whole of a tenant, page by page: audit, export and import. See storage/programs.

-- name: record_page
-- Whole rows after a place and up to a revision, in the order of the log.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, is_base, checkpoint, previous
FROM commonplace.log WHERE tenant = $1 AND revision <= $2 AND (revision, place) > ($3, $4)
ORDER BY revision, place LIMIT $5

-- name: header_page
-- Headers after a place, in the order of the log: all that the chain covers.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       NULL::bytea, NULL::bytea, NULL::text, NULL::bytea, turn, previous
FROM commonplace.log WHERE tenant = $1 AND (revision, place) > ($2, $3)
ORDER BY revision, place LIMIT $4

-- name: version_page
-- Whole rows after a version, entry by entry.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, is_base, checkpoint, previous, made
FROM commonplace.log WHERE tenant = $1 AND (namespace, region, key, version) > ($2, $3, $4, $5)
ORDER BY namespace, region, key, version LIMIT $6

-- name: history_page
-- Whole rows of one entry after a version.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, is_base, checkpoint, previous
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version > $5
ORDER BY version LIMIT $6

-- name: judged_page
-- An entry between two versions, as far as it tells which checkpoints an erasure takes with it;
-- last, which lines a replace left and nobody noted, while they can still be found.
SELECT version, operation, dead, (payload IS NULL)::int::bigint,
       CASE WHEN operation IN ('retract', 'supersede') THEN payload END, checkpoint,
       revision, place,
       (operation = 'replace' AND payload IS NOT NULL AND made IS NULL)::int::bigint
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version > $5 AND version < $6
ORDER BY version LIMIT $7

-- name: entry_scan
-- Entries after a key, over all namespaces.
SELECT namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM commonplace.entry WHERE tenant = $1 AND (namespace, region, key) > ($2, $3, $4)
ORDER BY namespace, region, key LIMIT $5

-- name: namespace_unlisted
-- Namespaces with entries that the list lacks.
SELECT DISTINCT e.namespace FROM commonplace.entry e
WHERE e.tenant = $1 AND NOT EXISTS (
    SELECT 1 FROM commonplace.namespace n
    WHERE n.tenant = e.tenant AND n.namespace = e.namespace)
LIMIT $2

-- name: namespace_unfounded
-- Namespaces on the list without an entry.
SELECT n.namespace FROM commonplace.namespace n
WHERE n.tenant = $1 AND NOT EXISTS (
    SELECT 1 FROM commonplace.entry e
    WHERE e.tenant = n.tenant AND e.namespace = n.namespace)
LIMIT $2

-- name: log_purge
-- For an import that failed: nothing of it is kept. In pages, from the newest.
DELETE FROM commonplace.log
WHERE tenant = $1 AND (revision, place) >= (
    SELECT revision, place FROM (
        SELECT revision, place FROM commonplace.log WHERE tenant = $1
        ORDER BY revision DESC, place DESC LIMIT $2) newest
    ORDER BY revision, place LIMIT 1)

-- name: log_any
-- Whether there is anything left to purge.
SELECT 1::bigint FROM commonplace.log WHERE tenant = $1 LIMIT 1

-- name: entry_purge
-- As log_purge.
DELETE FROM commonplace.entry WHERE tenant = $1

-- name: namespace_purge
-- As log_purge.
DELETE FROM commonplace.namespace WHERE tenant = $1

-- name: tenant_purge
-- As log_purge; first, so that nobody reads what is going away.
DELETE FROM commonplace.tenant WHERE tenant = $1
