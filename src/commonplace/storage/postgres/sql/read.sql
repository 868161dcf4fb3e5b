-- The statements of readers. None takes a lock; each is bounded by a page or one entry.
-- What is unique is looked up as the first of a span from itself to itself, in order: only the one
-- right index has that order. By equality alone every index that begins alike costs the planner
-- the same, however many versions an entry has.

-- name: tenant_read
-- Where a tenant stands.
SELECT tenant, revision, floor, digest, at_us, access_revision
FROM commonplace.tenant WHERE tenant = $1

-- name: point_read
-- An entry at the head: where the tenant stands, and the records its value folds from.
SELECT t.revision, t.floor, t.access_revision, e.version, e.revision, e.dead,
       l.version, l.operation, l.payload, l.checkpoint, l.actor, l.at_us
FROM commonplace.tenant t
LEFT JOIN commonplace.entry e
  ON e.tenant = t.tenant AND e.namespace = $2 AND e.region = $3 AND e.key = $4
LEFT JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
      AND (revision, place) >= (e.base_revision, e.base_place)
    OFFSET 0) l ON true
WHERE t.tenant = $1
ORDER BY l.revision, l.place

-- name: entry_head
-- Whether an entry still is what it was: its version and revision, and those of access.
SELECT e.version, e.revision, t.access_revision
FROM commonplace.entry e JOIN commonplace.tenant t ON t.tenant = e.tenant
WHERE e.tenant = $1 AND e.namespace = $2 AND e.region = $3 AND e.key = $4

-- name: pinned_read
-- An entry as it stood at a place in the log; the cost does not grow with its history.
SELECT t.revision, t.floor, t.access_revision, l.version, l.revision, l.dead,
       l.version, l.operation, l.payload, l.checkpoint, l.actor, l.at_us
FROM commonplace.tenant t
LEFT JOIN LATERAL (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND is_base = 1
      AND (revision, place) <= ($5, $6)
    ORDER BY revision DESC, place DESC LIMIT 1) b ON true
LEFT JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
      AND (revision, place) >= (b.revision, b.place)
      AND (revision, place) <= ($5, $6)
    OFFSET 0) l ON true
WHERE t.tenant = $1
ORDER BY l.revision, l.place

-- name: version_place
-- Where in the log a version of an entry was made, once for each version that is asked for.
SELECT l.revision, l.place
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    WITH ORDINALITY AS k (tenant, namespace, region, key, version, n)
CROSS JOIN LATERAL (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
      AND version BETWEEN k.version AND k.version
    ORDER BY version LIMIT 1) l
ORDER BY k.n

-- name: version_at
-- The version of an entry at a revision: what a turn's writes are made against.
SELECT version FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND revision <= $5
ORDER BY revision DESC, place DESC LIMIT 1

-- name: log_tail
-- The records after a revision, in order: what a watch and an export read.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log WHERE tenant = $1 AND revision > $2 AND revision <= $3
ORDER BY revision, place

-- name: log_page
-- One page of the log, newest first, below a place and above a revision.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND (revision, place) < ($2, $3) AND revision > $4
  AND ($5::text IS NULL OR actor = $5)
  AND ($6::text IS NULL OR namespace = $6)
  AND ($7::text IS NULL OR region = $7)
  AND ($8::bytea IS NULL OR position($8 IN payload) > 0 OR strpos(reason, $9) > 0)
ORDER BY revision DESC, place DESC LIMIT $10

-- name: trace_page
-- One page of what one trace wrote, as log_page gives it, from the index of traces.
-- All its texts lie between the ends $11 and $12. That none is empty the index wants to read, and
-- the `+ 0` keep the planner from going through the whole log in order instead.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND trace <> '' AND trace > $11 AND trace < $12
  AND (revision + 0, place + 0) < ($2::bigint, $3::bigint) AND revision + 0 > $4::bigint
  AND ($5::text IS NULL OR actor = $5)
  AND ($6::text IS NULL OR namespace = $6)
  AND ($7::text IS NULL OR region = $7)
  AND ($8::bytea IS NULL OR position($8 IN payload) > 0 OR strpos(reason, $9) > 0)
ORDER BY revision + 0 DESC, place + 0 DESC LIMIT $10

-- name: entry_history
-- One page of the history of one entry, newest first.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version < $5
ORDER BY version DESC LIMIT $6

-- name: record_at
-- One record by the version it made.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version BETWEEN $5 AND $5
ORDER BY version LIMIT 1

-- name: commit_time
-- When a revision was committed; a time is found by halving.
SELECT at_us FROM commonplace.log
WHERE tenant = $1 AND (revision, place) >= ($2, 0) AND (revision, place) <= ($2, 0)
ORDER BY revision, place LIMIT 1

-- name: namespace_page
-- Namespaces after a name, in order.
SELECT namespace FROM commonplace.namespace
WHERE tenant = $1 AND namespace > $2 AND namespace >= $3 AND ($3 = '' OR namespace < $4)
ORDER BY namespace LIMIT $5

-- name: namespaces_since
-- What makes a list of namespaces untrue: another access, another log, one that appeared.
SELECT t.access_revision,
       (SELECT digest FROM commonplace.log WHERE tenant = $1 AND revision = $2
        ORDER BY place DESC LIMIT 1),
       EXISTS (SELECT 1 FROM commonplace.namespace
               WHERE tenant = $1 AND revision > $2)::int::bigint
FROM commonplace.tenant t WHERE t.tenant = $1

-- name: entry_page
-- Entries of one region after a key, in order.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM commonplace.entry WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key > $4
ORDER BY key LIMIT $5

-- name: region_page
-- Entries of a reserved region over all namespaces below a prefix, after a place, in order.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM commonplace.entry WHERE tenant = $1 AND (namespace, region, key) > ($2, $3, $4)
ORDER BY namespace, region, key LIMIT $5
