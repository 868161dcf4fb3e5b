-- Provenance: who was served what, what came of it, what was taken back. Pages of derived
-- tables, each by one entry or one turn; see storage/programs/provenance.py.

-- name: change_after
-- The next version of an entry that may have moved or taken lines, which no append does.
SELECT version FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND version > ?
  AND operation <> 'append'
ORDER BY version LIMIT 1

-- name: region_lost
-- The next region with records whose text is gone, by the index of those records.
SELECT namespace, region FROM log
WHERE tenant = ?1 AND (namespace, region) > (?2, ?3)
  AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
  AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
  AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
ORDER BY namespace, region LIMIT 1

-- name: entries_of_region
-- Keys of a region after one, in order; after none, the block of the region comes first. Of
-- dispatches only those that were under way at a revision: a closed one says nothing any more.
SELECT key FROM entry
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND (key > ?4 OR ?4 = '')
  AND (region <> '_dispatches' OR (
      (revision > ?6 OR EXISTS (
          SELECT 1 FROM waiting
          WHERE waiting.tenant = entry.tenant AND waiting.namespace = entry.namespace
            AND waiting.region = entry.region AND waiting.key = entry.key))
      AND NOT EXISTS (
          SELECT 1 FROM log
          WHERE log.tenant = entry.tenant AND log.namespace = entry.namespace
            AND log.region = entry.region AND log.key = entry.key
            AND log.version = 1 AND log.revision > ?6)))
ORDER BY key LIMIT ?5

-- name: records_of_versions
-- The record of a version, once for each version that is asked for.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ? AND namespace = ? AND region = ? AND key = ? AND version = ?

-- name: record_placed
-- The record at a place in the log, once for each place that is asked for.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log WHERE tenant = ? AND revision = ? AND place = ?

-- name: served_of_entry
-- Who was served versions of an entry from one on and below another, after a row.
SELECT namespace, region, key, version, turn, ordinal, first, last, renderer, actor, pin,
       revision, place, at_us
FROM served
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4
  AND version >= ?5 AND version < ?6 AND (version, turn, ordinal) > (?7, ?8, ?9)
ORDER BY version, turn, ordinal LIMIT ?10

-- name: served_of_turn
-- What one turn was served, in order.
SELECT namespace, region, key, version, turn, ordinal, first, last, renderer, actor, pin,
       revision, place, at_us
FROM served WHERE tenant = ?1 AND turn = ?2 AND ordinal > ?3
ORDER BY ordinal LIMIT ?4

-- name: writes_of_turn
-- What one turn wrote after a place in the log, but for the account of what it was served and
-- settled. The empty turn is none, and has no index.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM log
WHERE tenant = ?1 AND turn = ?2 AND turn <> '' AND (revision, place) > (?3, ?4)
  AND region NOT IN ('_served', '_notices')
ORDER BY revision, place LIMIT ?5

-- name: derived_of
-- Records that say they were based on versions of an entry, from one on and below another.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn,
       s.version, s.first, s.last
FROM lineage s
JOIN log l ON l.tenant = s.tenant AND l.revision = s.revision AND l.place = s.place
WHERE s.tenant = ?1 AND s.namespace = ?2 AND s.region = ?3 AND s.key = ?4
  AND s.version >= ?5 AND s.version < ?6
  AND (s.version, s.revision, s.place, s.first, s.last) > (?7, ?8, ?9, ?10, ?11)
ORDER BY s.version, s.revision, s.place, s.first, s.last LIMIT ?12

-- name: suspects_of
-- Which versions of an entry are suspect, from one on and below another, since which retraction.
SELECT version, revision, place, edge, depth FROM suspect
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4
  AND version >= ?5 AND version < ?6
ORDER BY version, revision, place LIMIT ?7

-- name: taken_back_of
-- Which versions of an entry were taken back, from one on and below another, and by what.
SELECT version, revision, place, operation FROM taken_back
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4
  AND version >= ?5 AND version < ?6
ORDER BY version, revision, place LIMIT ?7
