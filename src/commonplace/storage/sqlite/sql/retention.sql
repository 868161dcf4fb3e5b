-- Retention: compaction, archives, erasure. See storage/programs/{retention,archive,erasure}.py.

-- name: cursor_page
-- Named cursors with their values, after a place: the floor waits for them.
SELECT e.namespace, e.region, e.key, l.payload
FROM entry e JOIN log l
  ON l.tenant = e.tenant AND l.revision = e.base_revision AND l.place = e.base_place
WHERE e.tenant = ?1 AND e.region = ?2 AND e.dead = 0 AND (e.namespace, e.key) > (?3, ?4)
ORDER BY e.namespace, e.key LIMIT ?5

-- name: tombstone_after
-- The first tombstone in a span of revisions.
SELECT revision, namespace, region, key, version FROM log
WHERE tenant = ?1 AND dead = 1 AND revision > ?2 AND revision <= ?3
ORDER BY revision, place LIMIT 1

-- name: current_page
-- Entries after a key with the record that is current at a revision, in order.
SELECT e.namespace, e.region, e.key, e.base_revision, e.base_place, e.base_light,
       l.version, l.revision, l.place, l.operation, l.dead, l.digest, substr(l.checkpoint, 1, 9)
FROM entry e JOIN log l
  ON l.tenant = e.tenant AND l.namespace = e.namespace AND l.region = e.region AND l.key = e.key
 AND (l.revision, l.place) = (
    SELECT revision, place FROM log n
    WHERE n.tenant = e.tenant AND n.namespace = e.namespace AND n.region = e.region
      AND n.key = e.key AND n.revision <= ?2
    ORDER BY n.revision DESC, n.place DESC LIMIT 1)
WHERE e.tenant = ?1 AND (e.namespace, e.region, e.key) > (?3, ?4, ?5)
ORDER BY e.namespace, e.region, e.key LIMIT ?6

-- name: fold_rows
-- The records that an entry's value at the end of a revision folds from.
SELECT l.version, l.operation, l.payload, l.checkpoint
FROM log l
WHERE l.tenant = ?1 AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4 AND l.revision <= ?5
  AND (l.revision, l.place) >= (
    SELECT revision, place FROM log
    WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND is_base = 1
      AND revision <= ?5
    ORDER BY revision DESC, place DESC LIMIT 1)
ORDER BY l.revision, l.place

-- name: checkpoint_set
-- A sealed checkpoint takes the place of any other; replay may begin at it from now on.
UPDATE log SET checkpoint = ?6, is_base = 1
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version = ?5

-- name: entry_rebase
-- The entry's replay begins at a version whose checkpoint stays.
UPDATE entry SET base_revision = ?6, base_place = ?7, base_light = 0,
    deltas = (SELECT count(*) FROM log l
        WHERE l.tenant = ?1 AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4
          AND l.version > ?5),
    delta_bytes = (SELECT coalesce(sum(length(payload)), 0) FROM log l
        WHERE l.tenant = ?1 AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4
          AND l.version > ?5)
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4
  AND (base_revision, base_place) <= (?6, ?7)

-- name: entry_reweigh
-- A light base counts the deltas since the last checkpoint that stays, which is a newer one now.
UPDATE entry SET
    delta_bytes = (SELECT coalesce(sum(length(payload)), 0) FROM log l
        WHERE l.tenant = ?1 AND l.namespace = ?2 AND l.region = ?3 AND l.key = ?4
          AND l.version > ?5)
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND base_light = 1
  AND (base_revision, base_place) > (?6, ?7)
  AND NOT EXISTS (SELECT 1 FROM log b
        WHERE b.tenant = ?1 AND b.namespace = ?2 AND b.region = ?3 AND b.key = ?4
          AND b.is_base = 1 AND b.version > ?5
          AND (b.revision, b.place) < (entry.base_revision, entry.base_place))

-- name: superseded_page
-- Payloads and checkpoints, after a version, that a newer version at or below the floor replaced.
SELECT l.namespace, l.region, l.key, l.version, l.operation, l.dead, l.salt, l.payload,
       length(l.checkpoint), l.previous IS NOT NULL, l.revision, l.place
FROM log l
WHERE l.tenant = ?1 AND (l.namespace, l.region, l.key, l.version) > (?3, ?4, ?5, ?6)
  AND (l.payload IS NOT NULL OR l.checkpoint IS NOT NULL)
  AND EXISTS (SELECT 1 FROM log n
        WHERE n.tenant = l.tenant AND n.namespace = l.namespace AND n.region = l.region
          AND n.key = l.key AND n.version = l.version + 1 AND n.revision <= ?2)
ORDER BY l.namespace, l.region, l.key, l.version LIMIT ?7

-- name: payload_drop
-- What was written goes; the digest keeps the commitment checkable.
UPDATE log SET payload = NULL, made = NULL, payload_digest = ?6, checkpoint = NULL, is_base = ?7
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version = ?5

-- name: checkpoint_clear
-- A checkpoint goes; whether replay may still begin here depends on the record itself.
UPDATE log SET checkpoint = NULL, is_base = ?6
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version = ?5

-- name: body_destroy
-- For privacy: nothing is left from which the bytes could be guessed and checked.
UPDATE log SET salt = NULL, payload = NULL, made = NULL, reason = NULL, payload_digest = NULL
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version = ?5

-- name: fingerprint_destroy
-- The digest of the request goes too. The row stays, so that a retry is refused, not repeated.
UPDATE idempotency SET fingerprint = x'' WHERE tenant = ?1 AND actor = ?2 AND key = ?3

-- name: settle
-- Until the write-ahead log is overwritten, it still holds what was destroyed.
PRAGMA wal_checkpoint(TRUNCATE)

-- name: previous_set
-- A record that outlives its predecessor keeps the digest it is chained to.
UPDATE log SET previous = (
    SELECT p.digest FROM log p
    WHERE p.tenant = ?1 AND (p.revision, p.place) < (?2, ?3)
    ORDER BY p.revision DESC, p.place DESC LIMIT 1), is_base = 1
WHERE tenant = ?1 AND revision = ?2 AND place = ?3 AND previous IS NULL AND (?2 > 1 OR ?3 > 0)

-- name: previous_keep
-- A record that came from elsewhere keeps it too.
UPDATE log SET previous = ?4 WHERE tenant = ?1 AND revision = ?2 AND place = ?3

-- name: last_at
-- The digest of the chain at the end of a revision.
SELECT digest FROM log WHERE tenant = ?1 AND revision <= ?2
ORDER BY revision DESC, place DESC LIMIT 1

-- name: archived_page
-- Rows up to a revision that a newer version up to it replaced, from the oldest on.
SELECT l.revision, l.place FROM log l
WHERE l.tenant = ?1 AND l.revision <= ?2 AND (l.revision, l.place) > (?3, ?4)
  AND EXISTS (SELECT 1 FROM log n
        WHERE n.tenant = l.tenant AND n.namespace = l.namespace AND n.region = l.region
          AND n.key = l.key AND n.version = l.version + 1 AND n.revision <= ?2)
ORDER BY l.revision, l.place LIMIT ?5

-- name: record_delete
-- Only for what an archive holds, and for an import that failed.
DELETE FROM log WHERE tenant = ? AND revision = ? AND place = ?
