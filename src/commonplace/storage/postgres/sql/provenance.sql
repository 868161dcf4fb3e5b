-- Provenance: who was served what, what came of it, what was taken back. Pages of derived
-- tables, each by one entry or one turn; see storage/programs/provenance.py.

-- name: change_after
-- The next version of an entry that may have moved or taken lines, which no append does.
SELECT version FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version > $5
  AND operation <> 'append'
ORDER BY version LIMIT 1

-- name: region_lost
-- The next region with records whose text is gone, by the index of those records.
SELECT namespace, region FROM commonplace.log
WHERE tenant = $1 AND (namespace, region) > ($2, $3)
  AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
  AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
  AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
ORDER BY namespace, region LIMIT 1

-- name: entries_of_region
-- Keys of a region after one, in order; after none, the block of the region comes first. Of
-- dispatches only those that were under way at a revision: a closed one says nothing any more.
SELECT e.key FROM commonplace.entry e
WHERE e.tenant = $1 AND e.namespace = $2 AND e.region = $3
  AND e.key >= $4 AND (e.key > $4 OR $4 = '')
  AND (e.region <> '_dispatches' OR (
      (e.revision > $6 OR (
          SELECT w.revision FROM commonplace.waiting w
          WHERE w.tenant = e.tenant AND w.namespace = e.namespace
            AND w.region = e.region AND w.key = e.key) IS NOT NULL)
      AND coalesce((
          SELECT l.revision FROM commonplace.log l
          WHERE l.tenant = e.tenant AND l.namespace = e.namespace
            AND l.region = e.region AND l.key = e.key AND l.version BETWEEN 1 AND 1
          ORDER BY l.version LIMIT 1), 0) <= $6))
ORDER BY e.key LIMIT $5

-- name: records_of_versions
-- The record of a version, once for each version that is asked for.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
    WITH ORDINALITY AS k (tenant, namespace, region, key, version, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND namespace = k.namespace AND region = k.region AND key = k.key
      AND version BETWEEN k.version AND k.version
    ORDER BY version LIMIT 1) l
ORDER BY k.n

-- name: record_placed
-- The record at a place in the log, once for each place that is asked for.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
    WITH ORDINALITY AS k (tenant, revision, place, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND (revision, place) >= (k.revision, k.place)
      AND (revision, place) <= (k.revision, k.place)
    ORDER BY revision, place LIMIT 1) l
ORDER BY k.n

-- name: served_of_entry
-- Who was served versions of an entry from one on and below another, after a row.
SELECT namespace, region, key, version, turn, ordinal, first, last, renderer, actor, pin,
       revision, place, at_us
FROM commonplace.served
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version >= $5 AND version < $6 AND (version, turn, ordinal) > ($7, $8, $9)
ORDER BY version, turn, ordinal LIMIT $10

-- name: served_of_turn
-- What one turn was served, in order.
SELECT namespace, region, key, version, turn, ordinal, first, last, renderer, actor, pin,
       revision, place, at_us
FROM commonplace.served WHERE tenant = $1 AND turn = $2 AND ordinal > $3
ORDER BY ordinal LIMIT $4

-- name: writes_of_turn
-- What one turn wrote after a place in the log, but for the account of what it was served and
-- settled. The empty turn is none, and has no index.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn
FROM commonplace.log
WHERE tenant = $1 AND turn = $2 AND turn <> '' AND (revision, place) > ($3, $4)
  AND region NOT IN ('_served', '_notices')
ORDER BY revision, place LIMIT $5

-- name: derived_of
-- Records that say they were based on versions of an entry, from one on and below another.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn,
       s.version, s.first, s.last
FROM commonplace.lineage s
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = s.tenant AND (revision, place) >= (s.revision, s.place)
      AND (revision, place) <= (s.revision, s.place)
    ORDER BY revision, place LIMIT 1) l
WHERE s.tenant = $1 AND s.namespace = $2 AND s.region = $3 AND s.key = $4
  AND s.version >= $5 AND s.version < $6
  AND (s.version, s.revision, s.place, s.first, s.last) > ($7, $8, $9, $10, $11)
ORDER BY s.version, s.revision, s.place, s.first, s.last LIMIT $12

-- name: suspects_of
-- Which versions of an entry are suspect, from one on and below another, since which retraction.
SELECT version, revision, place, edge, depth FROM commonplace.suspect
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version >= $5 AND version < $6
ORDER BY version, revision, place LIMIT $7

-- name: taken_back_of
-- Which versions of an entry were taken back, from one on and below another, and by what.
SELECT version, revision, place, operation FROM commonplace.taken_back
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version >= $5 AND version < $6
ORDER BY version, revision, place LIMIT $7
