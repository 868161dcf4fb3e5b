-- Retractions, their cascade and their notices. See storage/programs/{cascade,retracting}.py.

-- name: changers
-- Versions of an entry after one that may have taken lines away, which these operations do not.
SELECT version, operation FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version > $5
  AND operation NOT IN ('append', 'insert', 'erase')
ORDER BY version LIMIT $6

-- name: makers
-- Records of an entry up to a version, newest first: the first that made a value made this one.
SELECT version, operation, dead,
       CASE WHEN operation IN ('retract', 'supersede', 'erase') THEN payload END
FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version <= $5
ORDER BY version DESC LIMIT $6

-- name: lineage_of
-- Records that say they were based on versions of an entry from one on and below another.
SELECT s.version, s.first, s.last, l.revision, l.place, l.namespace, l.region, l.key, l.version,
       l.operation, l.dead,
       CASE WHEN l.operation IN ('retract', 'supersede') THEN l.payload END
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

-- name: built_in_turn
-- What a turn wrote from a revision on: all but what tells of the turn itself.
SELECT revision, place, namespace, region, key, version, operation, dead,
       CASE WHEN operation IN ('retract', 'supersede') THEN payload END
FROM commonplace.log
WHERE tenant = $1 AND turn = $2 AND turn <> '' AND revision >= $3
ORDER BY revision, place LIMIT $4

-- name: taken_back_between
-- What took versions of an entry back, between two, oldest first.
SELECT version, revision, place FROM commonplace.taken_back
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $6
ORDER BY revision, place, version

-- name: suspects_by
-- What one retraction found suspect, nearest first; records that were archived before the others.
SELECT s.namespace, s.region, s.key, s.version, s.edge, s.depth
FROM commonplace.suspect s
LEFT JOIN LATERAL (
    SELECT revision, place FROM commonplace.log
    WHERE tenant = s.tenant AND namespace = s.namespace AND region = s.region AND key = s.key
      AND version BETWEEN s.version AND s.version
    ORDER BY version LIMIT 1) l ON true
WHERE s.tenant = $1 AND s.revision = $2 AND s.place = $3
ORDER BY s.depth, l.revision NULLS FIRST, l.place, s.namespace, s.region, s.key, s.version

-- name: suspects_of_actor
-- What one actor built on something retracted.
SELECT s.namespace, s.region, s.key, s.version, s.edge, s.depth
FROM commonplace.suspect s
CROSS JOIN LATERAL (
    SELECT actor FROM commonplace.log
    WHERE tenant = s.tenant AND namespace = s.namespace AND region = s.region AND key = s.key
      AND version BETWEEN s.version AND s.version
    ORDER BY version LIMIT 1) l
WHERE s.tenant = $1 AND s.revision = $2 AND s.place = $3 AND l.actor = $4
ORDER BY s.depth, s.namespace, s.region, s.key, s.version LIMIT $5

-- name: notice_pending
-- Retractions that an actor is to be told of and has not settled, oldest first.
SELECT revision, place, namespace, region, key FROM commonplace.notice
WHERE tenant = $1 AND actor = $2 AND settled = ''
ORDER BY revision, place LIMIT $3

-- name: notices_waiting
-- How many those are.
SELECT count(*) FROM commonplace.notice WHERE tenant = $1 AND actor = $2 AND settled = ''

-- name: told_by
-- Whom one retraction is told, and what came of it.
SELECT actor, settled FROM commonplace.notice
WHERE tenant = $1 AND revision = $2 AND place = $3 ORDER BY actor

-- name: served_to
-- What one actor was served of an entry, from a version on, the newest turns first.
SELECT version, first, last, turn FROM commonplace.served
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version >= $5 AND actor = $6
ORDER BY turn DESC, ordinal LIMIT $7

-- name: sources_of
-- What versions of an entry, between two, say they were based on.
SELECT version, based_on FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4
  AND version BETWEEN $5 AND $6 AND based_on <> ''
ORDER BY version

-- name: retracted_of
-- What of an entry, up to a version, was retracted, and by which record.
SELECT version, revision, place FROM commonplace.taken_back
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version <= $5
  AND operation = 'retract'
ORDER BY version, revision, place
