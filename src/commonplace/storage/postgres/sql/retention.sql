-- Retention: compaction, archives, erasure. See storage/programs/{retention,archive,erasure}.py.
-- What is unique is looked up as read.sql says, and changed by all that is known of it: of the
-- indexes that begin alike, the one that was made last is exact then.

-- name: cursor_page
-- Named cursors with their values, after a place: the floor waits for them.
SELECT e.namespace, e.region, e.key, l.payload
FROM commonplace.entry e
CROSS JOIN LATERAL (
    SELECT payload FROM commonplace.log
    WHERE tenant = e.tenant AND (revision, place) >= (e.base_revision, e.base_place)
      AND (revision, place) <= (e.base_revision, e.base_place)
    ORDER BY revision, place LIMIT 1) l
WHERE e.tenant = $1 AND e.region = $2 AND e.dead = 0 AND (e.namespace, e.key) > ($3, $4)
ORDER BY e.namespace, e.key LIMIT $5

-- name: tombstone_after
-- The first tombstone in a span of revisions.
SELECT revision, namespace, region, key, version FROM commonplace.log
WHERE tenant = $1 AND dead = 1 AND revision > $2 AND revision <= $3
ORDER BY revision, place LIMIT 1

-- name: current_page
-- Entries after a key with the record that is current at a revision, in order.
SELECT e.namespace, e.region, e.key, e.base_revision, e.base_place, e.base_light,
       l.version, l.revision, l.place, l.operation, l.dead, l.digest, substr(l.checkpoint, 1, 9)
FROM commonplace.entry e
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = e.tenant AND namespace = e.namespace AND region = e.region AND key = e.key
      AND revision <= $2
    ORDER BY revision DESC, place DESC LIMIT 1) l
WHERE e.tenant = $1 AND (e.namespace, e.region, e.key) > ($3, $4, $5)
ORDER BY e.namespace, e.region, e.key LIMIT $6

-- name: fold_rows
-- The records that an entry's value at the end of a revision folds from.
SELECT l.version, l.operation, l.payload, l.checkpoint
FROM (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND is_base = 1
      AND revision <= $5
    ORDER BY revision DESC, place DESC LIMIT 1) b
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND revision <= $5
      AND (revision, place) >= (b.revision, b.place)
    OFFSET 0) l
ORDER BY l.revision, l.place

-- name: checkpoint_set
-- A sealed checkpoint takes the place of any other; replay may begin at it from now on.
UPDATE commonplace.log SET checkpoint = $6, is_base = 1
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND (revision, place) = (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $5
    ORDER BY version LIMIT 1)

-- name: entry_rebase
-- The entry's replay begins at a version whose checkpoint stays.
UPDATE commonplace.entry SET base_revision = $6, base_place = $7, base_light = 0,
    deltas = (SELECT count(*) FROM commonplace.log l
        WHERE l.tenant = $1 AND l.namespace = $2 AND l.region = $3 AND l.key = $4
          AND l.version > $5),
    delta_bytes = (SELECT coalesce(sum(octet_length(l.payload)), 0) FROM commonplace.log l
        WHERE l.tenant = $1 AND l.namespace = $2 AND l.region = $3 AND l.key = $4
          AND l.version > $5)
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND (base_revision, base_place) <= ($6, $7)

-- name: entry_reweigh
-- A light base counts the deltas since the last checkpoint that stays, which is a newer one now.
UPDATE commonplace.entry e SET
    delta_bytes = (SELECT coalesce(sum(octet_length(l.payload)), 0) FROM commonplace.log l
        WHERE l.tenant = $1 AND l.namespace = $2 AND l.region = $3 AND l.key = $4
          AND l.version > $5)
WHERE e.tenant = $1 AND e.namespace = $2 AND e.region = $3 AND e.key = $4 AND e.base_light = 1
  AND (e.base_revision, e.base_place) > ($6, $7)
  AND NOT EXISTS (SELECT 1 FROM commonplace.log b
        WHERE b.tenant = $1 AND b.namespace = $2 AND b.region = $3 AND b.key = $4
          AND b.is_base = 1 AND b.version > $5
          AND (b.revision, b.place) < (e.base_revision, e.base_place))

-- name: superseded_page
-- Payloads and checkpoints, after a version, that a newer version at or below the floor replaced.
SELECT l.namespace, l.region, l.key, l.version, l.operation, l.dead, l.salt, l.payload,
       octet_length(l.checkpoint)::bigint, (l.previous IS NOT NULL)::int::bigint,
       l.revision, l.place
FROM commonplace.log l
CROSS JOIN LATERAL (
    SELECT revision FROM commonplace.log
    WHERE tenant = l.tenant AND namespace = l.namespace AND region = l.region AND key = l.key
      AND version BETWEEN l.version + 1 AND l.version + 1
    ORDER BY version LIMIT 1) newer
WHERE newer.revision <= $2
  AND l.tenant = $1 AND (l.namespace, l.region, l.key, l.version) > ($3, $4, $5, $6)
  AND (l.payload IS NOT NULL OR l.checkpoint IS NOT NULL)
ORDER BY l.namespace, l.region, l.key, l.version LIMIT $7

-- name: payload_drop
-- What was written goes; the digest keeps the commitment checkable.
UPDATE commonplace.log
SET payload = NULL, made = NULL, payload_digest = $6, checkpoint = NULL, is_base = $7
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND (revision, place) = (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $5
    ORDER BY version LIMIT 1)

-- name: checkpoint_clear
-- A checkpoint goes; whether replay may still begin here depends on the record itself.
UPDATE commonplace.log SET checkpoint = NULL, is_base = $6
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND (revision, place) = (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $5
    ORDER BY version LIMIT 1)

-- name: body_destroy
-- For privacy: nothing is left from which the bytes could be guessed and checked.
UPDATE commonplace.log
SET salt = NULL, payload = NULL, made = NULL, reason = NULL, payload_digest = NULL
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND (revision, place) = (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $5
    ORDER BY version LIMIT 1)

-- name: fingerprint_destroy
-- The digest of the request goes too. The row stays, so that a retry is refused, not repeated.
UPDATE commonplace.idempotency SET fingerprint = ''::bytea
WHERE tenant = $1 AND actor = $2 AND key = $3

-- name: settle
-- Never settled here: the bytes are overwritten when VACUUM comes by, and in the write-ahead log
-- and its archive when those are given up. Nobody can wait for that in a statement.
SELECT 1::bigint

-- name: previous_set
-- A record that outlives its predecessor keeps the digest it is chained to.
UPDATE commonplace.log SET previous = (
    SELECT p.digest FROM commonplace.log p
    WHERE p.tenant = $1 AND (p.revision, p.place) < ($2::bigint, $3::bigint)
    ORDER BY p.revision DESC, p.place DESC LIMIT 1), is_base = 1
WHERE tenant = $1 AND (namespace, region, key, revision, place) = (
    SELECT namespace, region, key, revision, place FROM commonplace.log
    WHERE tenant = $1 AND (revision, place) >= ($2, $3) AND (revision, place) <= ($2, $3)
    ORDER BY revision, place LIMIT 1)
  AND previous IS NULL AND ($2 > 1 OR $3 > 0)

-- name: previous_keep
-- A record that came from elsewhere keeps it too.
UPDATE commonplace.log SET previous = $4
WHERE tenant = $1 AND (namespace, region, key, revision, place) = (
    SELECT namespace, region, key, revision, place FROM commonplace.log
    WHERE tenant = $1 AND (revision, place) >= ($2, $3) AND (revision, place) <= ($2, $3)
    ORDER BY revision, place LIMIT 1)

-- name: last_at
-- The digest of the chain at the end of a revision.
SELECT digest FROM commonplace.log WHERE tenant = $1 AND revision <= $2
ORDER BY revision DESC, place DESC LIMIT 1

-- name: archived_page
-- Rows up to a revision that a newer version up to it replaced, from the oldest on.
SELECT l.revision, l.place FROM commonplace.log l
CROSS JOIN LATERAL (
    SELECT revision FROM commonplace.log
    WHERE tenant = l.tenant AND namespace = l.namespace AND region = l.region AND key = l.key
      AND version BETWEEN l.version + 1 AND l.version + 1
    ORDER BY version LIMIT 1) newer
WHERE newer.revision <= $2
  AND l.tenant = $1 AND l.revision <= $2 AND (l.revision, l.place) > ($3, $4)
ORDER BY l.revision, l.place LIMIT $5

-- name: record_delete
-- Only for what an archive holds, and for an import that failed.
DELETE FROM commonplace.log
WHERE tenant = $1 AND (namespace, region, key, revision, place) = (
    SELECT namespace, region, key, revision, place FROM commonplace.log
    WHERE tenant = $1 AND (revision, place) >= ($2, $3) AND (revision, place) <= ($2, $3)
    ORDER BY revision, place LIMIT 1)
