-- The statements of readers. None takes a lock; each is bounded by a page or one entry.

-- name: tenant_read
-- Where a tenant stands.
SELECT tenant, revision, floor, digest, at_us, access_revision FROM tenant WHERE tenant = ?

-- name: point_read
-- An entry at the head: where the tenant stands, and the records its value folds from.
SELECT t.revision, t.floor, t.access_revision, e.version, e.revision, e.dead,
       l.version, l.operation, l.payload, l.checkpoint, l.actor, l.at_us
FROM tenant t
LEFT JOIN entry e
  ON e.tenant = t.tenant AND e.namespace = ?2 AND e.region = ?3 AND e.key = ?4
LEFT JOIN log l
  ON l.tenant = t.tenant AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4
 AND l.revision >= e.base_revision
 AND (l.revision > e.base_revision OR l.place >= e.base_place)
WHERE t.tenant = ?1
ORDER BY l.revision, l.place

-- name: entry_head
-- Whether an entry still is what it was: its version and revision, and those of access.
SELECT e.version, e.revision, t.access_revision
FROM entry e JOIN tenant t ON t.tenant = e.tenant
WHERE e.tenant = ? AND e.namespace = ? AND e.region = ? AND e.key = ?

-- name: pinned_read
-- An entry as it stood at a place in the log; the cost does not grow with its history.
SELECT t.revision, t.floor, t.access_revision, l.version, l.revision, l.dead,
       l.version, l.operation, l.payload, l.checkpoint, l.actor, l.at_us
FROM tenant t
LEFT JOIN (
    SELECT revision, place FROM log
    WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND is_base = 1
      AND revision <= ?5 AND (revision < ?5 OR place <= ?6)
    ORDER BY revision DESC, place DESC LIMIT 1) b
LEFT JOIN log l
  ON l.tenant = ?1 AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4
 AND l.revision BETWEEN b.revision AND ?5
 AND (l.revision > b.revision OR l.place >= b.place)
 AND (l.revision < ?5 OR l.place <= ?6)
WHERE t.tenant = ?1
ORDER BY l.revision, l.place

-- name: version_place
-- Where in the log a version of an entry was made.
SELECT revision, place FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND version = ?

-- name: version_at
-- The version of an entry at a revision: what a turn's writes are made against.
SELECT version FROM log
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND revision <= ?5
ORDER BY revision DESC, place DESC LIMIT 1

-- name: log_tail
-- The records after a revision, in order: what a watch and an export read.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log WHERE tenant = ?1 AND revision > ?2 AND revision <= ?3
ORDER BY revision, place

-- name: log_page
-- One page of the log, newest first, below a place and above a revision.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ?1 AND (revision, place) < (?2, ?3) AND revision > ?4
  AND (?5 IS NULL OR actor = ?5)
  AND (?6 IS NULL OR namespace = ?6)
  AND (?7 IS NULL OR region = ?7)
  AND (?8 IS NULL OR instr(payload, ?8) OR instr(reason, ?9))
ORDER BY revision DESC, place DESC LIMIT ?10

-- name: trace_page
-- One page of what one trace wrote, as log_page gives it, from the index of traces.
-- All its texts lie between the ends ?11 and ?12. That none is empty the index wants to read, and
-- the `+` keep the planner from going through the whole log in order instead.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ?1 AND trace <> '' AND trace > ?11 AND trace < ?12
  AND (+revision, +place) < (?2, ?3) AND +revision > ?4
  AND (?5 IS NULL OR actor = ?5)
  AND (?6 IS NULL OR namespace = ?6)
  AND (?7 IS NULL OR region = ?7)
  AND (?8 IS NULL OR instr(payload, ?8) OR instr(reason, ?9))
ORDER BY revision DESC, place DESC LIMIT ?10

-- name: entry_history
-- One page of the history of one entry, newest first.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version < ?5
ORDER BY version DESC LIMIT ?6

-- name: record_at
-- One record by the version it made.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND version = ?

-- name: commit_time
-- When a revision was committed; a time is found by halving.
SELECT at_us FROM log WHERE tenant = ? AND revision = ? AND place = 0

-- name: namespace_page
-- Namespaces after a name, in order.
SELECT namespace FROM namespace
WHERE tenant = ?1 AND namespace > ?2 AND namespace >= ?3 AND (?3 = '' OR namespace < ?4)
ORDER BY namespace LIMIT ?5

-- name: namespaces_since
-- What makes a list of namespaces untrue: another access, another log, one that appeared.
SELECT t.access_revision,
       (SELECT digest FROM log WHERE tenant = ?1 AND revision = ?2 ORDER BY place DESC LIMIT 1),
       EXISTS (SELECT 1 FROM namespace WHERE tenant = ?1 AND revision > ?2)
FROM tenant t WHERE t.tenant = ?1

-- name: entry_page
-- Entries of one region after a key, in order.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM entry WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key > ?4
ORDER BY key LIMIT ?5

-- name: region_page
-- Entries of a reserved region over all namespaces below a prefix, after a place, in order.
SELECT tenant, namespace, region, key, version, revision, dead, size_bytes,
       base_revision, base_place, base_light, deltas, delta_bytes
FROM entry WHERE tenant = ?1 AND (namespace, region, key) > (?2, ?3, ?4)
ORDER BY namespace, region, key LIMIT ?5
