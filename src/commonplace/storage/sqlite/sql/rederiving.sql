-- Derived rows one by one: looked up and counted by an audit, dropped with their records. See
-- storage/programs/{rederiving,forgetting}.py; the columns are in the order of the inserts.

-- name: turn_probe
-- The row of one key.
SELECT tenant, turn, actor, pin, revision, at_us
FROM turn
WHERE (tenant, turn) = (?, ?)

-- name: turn_count
-- How many rows there are.
SELECT count(*) FROM turn WHERE tenant = ?

-- name: turn_scan
-- Rows from one on: an audit that counted too many looks for the one too many.
SELECT tenant, turn, actor, pin, revision, at_us
FROM turn WHERE tenant = ?
ORDER BY turn LIMIT ? OFFSET ?

-- name: turn_drop
-- The row that one record made, if it was this one.
DELETE FROM turn
WHERE (tenant, turn, revision) = (?, ?, ?)

-- name: served_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, turn, ordinal, first, last, renderer, actor,
    pin, revision, place, at_us
FROM served
WHERE (tenant, namespace, region, key, version, turn, ordinal) = (?, ?, ?, ?, ?, ?, ?)

-- name: served_count
-- As turn_count.
SELECT count(*) FROM served WHERE tenant = ?

-- name: served_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, turn, ordinal, first, last, renderer, actor,
    pin, revision, place, at_us
FROM served WHERE tenant = ?
ORDER BY namespace, region, key, version, turn, ordinal LIMIT ? OFFSET ?

-- name: served_drop
-- As turn_drop.
DELETE FROM served
WHERE (tenant, namespace, region, key, version, turn, ordinal, revision, place) = (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: refusal_probe
-- As turn_probe.
SELECT tenant, revision, place, ordinal, actor, turn, code, namespace, region, key,
    operation, at_us
FROM refusal
WHERE (tenant, revision, place, ordinal) = (?, ?, ?, ?)

-- name: refusal_count
-- As turn_count.
SELECT count(*) FROM refusal WHERE tenant = ?

-- name: refusal_scan
-- As turn_scan.
SELECT tenant, revision, place, ordinal, actor, turn, code, namespace, region, key,
    operation, at_us
FROM refusal WHERE tenant = ?
ORDER BY revision, place, ordinal LIMIT ? OFFSET ?

-- name: refusal_drop
-- As turn_drop.
DELETE FROM refusal
WHERE (tenant, revision, place, ordinal) = (?, ?, ?, ?)

-- name: lineage_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, first, last
FROM lineage
WHERE (tenant, namespace, region, key, version, revision, place, first, last) = (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: lineage_count
-- As turn_count.
SELECT count(*) FROM lineage WHERE tenant = ?

-- name: lineage_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, first, last
FROM lineage WHERE tenant = ?
ORDER BY namespace, region, key, version, revision, place, first, last LIMIT ? OFFSET ?

-- name: lineage_drop
-- As turn_drop.
DELETE FROM lineage
WHERE (tenant, namespace, region, key, version, revision, place, first, last) = (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: taken_back_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, operation
FROM taken_back
WHERE (tenant, namespace, region, key, version, revision, place) = (?, ?, ?, ?, ?, ?, ?)

-- name: taken_back_count
-- As turn_count.
SELECT count(*) FROM taken_back WHERE tenant = ?

-- name: taken_back_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, operation
FROM taken_back WHERE tenant = ?
ORDER BY namespace, region, key, version, revision, place LIMIT ? OFFSET ?

-- name: taken_back_drop
-- As turn_drop.
DELETE FROM taken_back
WHERE (tenant, namespace, region, key, version, revision, place) = (?, ?, ?, ?, ?, ?, ?)

-- name: suspect_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, edge, depth
FROM suspect
WHERE (tenant, namespace, region, key, version, revision, place) = (?, ?, ?, ?, ?, ?, ?)

-- name: suspect_count
-- As turn_count.
SELECT count(*) FROM suspect WHERE tenant = ?

-- name: suspect_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, edge, depth
FROM suspect WHERE tenant = ?
ORDER BY namespace, region, key, version, revision, place LIMIT ? OFFSET ?

-- name: suspect_drop
-- As turn_drop.
DELETE FROM suspect
WHERE (tenant, namespace, region, key, version, revision, place) = (?, ?, ?, ?, ?, ?, ?)

-- name: notice_probe
-- As turn_probe.
SELECT tenant, actor, revision, place, namespace, region, key
FROM notice
WHERE (tenant, actor, revision, place) = (?, ?, ?, ?)

-- name: notice_count
-- As turn_count.
SELECT count(*) FROM notice WHERE tenant = ?

-- name: notice_scan
-- As turn_scan.
SELECT tenant, actor, revision, place, namespace, region, key
FROM notice WHERE tenant = ?
ORDER BY actor, revision, place LIMIT ? OFFSET ?

-- name: notice_drop
-- As turn_drop.
DELETE FROM notice
WHERE (tenant, actor, revision, place) = (?, ?, ?, ?)

-- name: waiting_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, channel, actor, revision, place
FROM waiting
WHERE (tenant, namespace, region, key) = (?, ?, ?, ?)

-- name: waiting_count_all
-- As turn_count.
SELECT count(*) FROM waiting WHERE tenant = ?

-- name: waiting_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, channel, actor, revision, place
FROM waiting WHERE tenant = ?
ORDER BY namespace, region, key LIMIT ? OFFSET ?

-- name: notice_settled
-- What came of the notices, from one on.
SELECT actor, revision, place, settled FROM notice
WHERE tenant = ? ORDER BY actor, revision, place LIMIT ? OFFSET ?

-- name: serves_of_turn
-- The records that tell of a turn and still can.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ? AND turn = ? AND turn <> '' AND operation = 'serve' AND payload IS NOT NULL
ORDER BY revision, place

-- name: erasures_of
-- The erasures of an entry: one tells what a destroyed record said of others.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND operation = 'erase'
ORDER BY version

-- name: serves_before
-- Records of what turns were served below a revision, after a place, that a newer one replaced.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn
FROM log l
WHERE l.tenant = ?1 AND (l.revision, l.place) > (?3, ?4) AND l.revision < ?2
  AND l.region = '_served' AND l.payload IS NOT NULL
  AND EXISTS (SELECT 1 FROM log n
        WHERE n.tenant = l.tenant AND n.namespace = l.namespace AND n.region = l.region
          AND n.key = l.key AND n.version = l.version + 1)
ORDER BY l.revision, l.place LIMIT ?5
