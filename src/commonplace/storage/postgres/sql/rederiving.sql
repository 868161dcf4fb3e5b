-- Derived rows one by one: looked up and counted by an audit, dropped with their records. See
-- storage/programs/{rederiving,forgetting}.py; the columns are in the order of the inserts.

-- name: turn_probe
-- The row of one key.
SELECT tenant, turn, actor, pin, revision, at_us
FROM commonplace.turn
WHERE (tenant, turn) = ($1, $2)

-- name: turn_count
-- How many rows there are.
SELECT count(*) FROM commonplace.turn WHERE tenant = $1

-- name: turn_scan
-- Rows from one on: an audit that counted too many looks for the one too many.
SELECT tenant, turn, actor, pin, revision, at_us
FROM commonplace.turn WHERE tenant = $1
ORDER BY turn LIMIT $2 OFFSET $3

-- name: turn_drop
-- The row that one record made, if it was this one.
DELETE FROM commonplace.turn
WHERE (tenant, turn, revision) = ($1, $2, $3)

-- name: served_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, turn, ordinal, first, last, renderer, actor,
    pin, revision, place, at_us
FROM commonplace.served
WHERE (tenant, namespace, region, key, version, turn, ordinal) = ($1, $2, $3, $4, $5, $6, $7)

-- name: served_count
-- As turn_count.
SELECT count(*) FROM commonplace.served WHERE tenant = $1

-- name: served_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, turn, ordinal, first, last, renderer, actor,
    pin, revision, place, at_us
FROM commonplace.served WHERE tenant = $1
ORDER BY namespace, region, key, version, turn, ordinal LIMIT $2 OFFSET $3

-- name: served_drop
-- As turn_drop.
DELETE FROM commonplace.served
WHERE (tenant, namespace, region, key, version, turn, ordinal, revision, place)
    = ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: refusal_probe
-- As turn_probe.
SELECT tenant, revision, place, ordinal, actor, turn, code, namespace, region, key,
    operation, at_us
FROM commonplace.refusal
WHERE (tenant, revision, place, ordinal) = ($1, $2, $3, $4)

-- name: refusal_count
-- As turn_count.
SELECT count(*) FROM commonplace.refusal WHERE tenant = $1

-- name: refusal_scan
-- As turn_scan.
SELECT tenant, revision, place, ordinal, actor, turn, code, namespace, region, key,
    operation, at_us
FROM commonplace.refusal WHERE tenant = $1
ORDER BY revision, place, ordinal LIMIT $2 OFFSET $3

-- name: refusal_drop
-- As turn_drop.
DELETE FROM commonplace.refusal
WHERE (tenant, revision, place, ordinal) = ($1, $2, $3, $4)

-- name: lineage_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, first, last
FROM commonplace.lineage
WHERE (tenant, namespace, region, key, version, revision, place, first, last)
    = ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: lineage_count
-- As turn_count.
SELECT count(*) FROM commonplace.lineage WHERE tenant = $1

-- name: lineage_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, first, last
FROM commonplace.lineage WHERE tenant = $1
ORDER BY namespace, region, key, version, revision, place, first, last LIMIT $2 OFFSET $3

-- name: lineage_drop
-- As turn_drop.
DELETE FROM commonplace.lineage
WHERE (tenant, namespace, region, key, version, revision, place, first, last)
    = ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: taken_back_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, operation
FROM commonplace.taken_back
WHERE (tenant, namespace, region, key, version, revision, place) = ($1, $2, $3, $4, $5, $6, $7)

-- name: taken_back_count
-- As turn_count.
SELECT count(*) FROM commonplace.taken_back WHERE tenant = $1

-- name: taken_back_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, operation
FROM commonplace.taken_back WHERE tenant = $1
ORDER BY namespace, region, key, version, revision, place LIMIT $2 OFFSET $3

-- name: taken_back_drop
-- As turn_drop.
DELETE FROM commonplace.taken_back
WHERE (tenant, namespace, region, key, version, revision, place) = ($1, $2, $3, $4, $5, $6, $7)

-- name: suspect_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, version, revision, place, edge, depth
FROM commonplace.suspect
WHERE (tenant, namespace, region, key, version, revision, place) = ($1, $2, $3, $4, $5, $6, $7)

-- name: suspect_count
-- As turn_count.
SELECT count(*) FROM commonplace.suspect WHERE tenant = $1

-- name: suspect_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, version, revision, place, edge, depth
FROM commonplace.suspect WHERE tenant = $1
ORDER BY namespace, region, key, version, revision, place LIMIT $2 OFFSET $3

-- name: suspect_drop
-- As turn_drop.
DELETE FROM commonplace.suspect
WHERE (tenant, namespace, region, key, version, revision, place) = ($1, $2, $3, $4, $5, $6, $7)

-- name: notice_probe
-- As turn_probe.
SELECT tenant, actor, revision, place, namespace, region, key
FROM commonplace.notice
WHERE (tenant, actor, revision, place) = ($1, $2, $3, $4)

-- name: notice_count
-- As turn_count.
SELECT count(*) FROM commonplace.notice WHERE tenant = $1

-- name: notice_scan
-- As turn_scan.
SELECT tenant, actor, revision, place, namespace, region, key
FROM commonplace.notice WHERE tenant = $1
ORDER BY actor, revision, place LIMIT $2 OFFSET $3

-- name: notice_drop
-- As turn_drop.
DELETE FROM commonplace.notice
WHERE (tenant, actor, revision, place) = ($1, $2, $3, $4)

-- name: waiting_probe
-- As turn_probe.
SELECT tenant, namespace, region, key, channel, actor, revision, place
FROM commonplace.waiting
WHERE (tenant, namespace, region, key) = ($1, $2, $3, $4)

-- name: waiting_count_all
-- As turn_count.
SELECT count(*) FROM commonplace.waiting WHERE tenant = $1

-- name: waiting_scan
-- As turn_scan.
SELECT tenant, namespace, region, key, channel, actor, revision, place
FROM commonplace.waiting WHERE tenant = $1
ORDER BY namespace, region, key LIMIT $2 OFFSET $3

-- name: notice_settled
-- What came of the notices, from one on.
SELECT actor, revision, place, settled FROM commonplace.notice
WHERE tenant = $1 ORDER BY actor, revision, place LIMIT $2 OFFSET $3

-- name: serves_of_turn
-- The records that tell of a turn and still can.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND turn = $2 AND turn <> '' AND operation = 'serve' AND payload IS NOT NULL
ORDER BY revision, place

-- name: erasures_of
-- The erasures of an entry: one tells what a destroyed record said of others.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND operation = 'erase'
ORDER BY version

-- name: serves_before
-- Records of what turns were served below a revision, after a place, that a newer one replaced.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn
FROM commonplace.log l
CROSS JOIN LATERAL (
    SELECT 1 FROM commonplace.log
    WHERE tenant = l.tenant AND namespace = l.namespace AND region = l.region AND key = l.key
      AND version BETWEEN l.version + 1 AND l.version + 1
    ORDER BY version LIMIT 1) newer
WHERE l.tenant = $1 AND (l.revision, l.place) > ($3, $4) AND l.revision < $2
  AND l.region = '_served' AND l.payload IS NOT NULL
ORDER BY l.revision, l.place LIMIT $5
