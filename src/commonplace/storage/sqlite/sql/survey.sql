-- Surveys: what a stretch of the log adds up to. See explain/advise.py and explain/bisect.py.

-- name: revisions_of_namespace
-- Revisions that wrote to a namespace, its contracts and grants left out.
SELECT DISTINCT revision FROM log
WHERE tenant = ?1 AND revision > ?3 AND revision <= ?4 AND namespace = ?2
  AND substr(region, 1, 1) <> '_'
ORDER BY revision LIMIT ?5

-- name: turn_touched
-- Whether a turn was served anything of a namespace, or wrote to it.
SELECT 1 FROM served WHERE tenant = ?1 AND turn = ?3 AND namespace = ?2
UNION ALL
SELECT 1 FROM log WHERE tenant = ?1 AND turn = ?3 AND turn <> '' AND namespace = ?2
LIMIT 1

-- name: survey_window
-- What a window holds: records, when the first was made, and turns that left a record.
SELECT COUNT(*), MIN(at_us),
       (SELECT COUNT(*) FROM turn WHERE tenant = ?1 AND revision > ?2)
FROM log WHERE tenant = ?1 AND revision > ?2

-- name: survey_writers
-- Regions by what was written to them: how much, by how many, and most of it by whom. An
-- actor's own namespace has one writer by nature.
SELECT namespace, region, SUM(writes), COUNT(*), MAX(writes), actor FROM (
    SELECT namespace, region, actor, COUNT(*) AS writes FROM log
    WHERE tenant = ?1 AND revision > ?2 AND substr(region, 1, 1) <> '_'
      AND substr(namespace, 1, 6) <> 'agent/'
    GROUP BY namespace, region, actor)
GROUP BY namespace, region HAVING SUM(writes) >= ?3
ORDER BY SUM(writes) DESC LIMIT ?4

-- name: survey_workers
-- Channels by the actors who replied in them.
SELECT namespace, substr(key, 1, instr(key, '/') - 1), COUNT(DISTINCT actor), COUNT(*) FROM log
WHERE tenant = ?1 AND revision > ?2 AND region = '_dispatches' AND operation = 'reply'
GROUP BY 1, 2 HAVING COUNT(DISTINCT actor) > ?3
ORDER BY 3 DESC LIMIT ?4

-- name: survey_inboxes
-- Channels by what waits in them for one actor (the empty name: for the writer), now.
SELECT namespace, channel, actor, COUNT(*) FROM waiting WHERE tenant = ?1
GROUP BY namespace, channel, actor HAVING COUNT(*) >= ?2
ORDER BY COUNT(*) DESC LIMIT ?3

-- name: survey_conflicts
-- Entries by the writes that turns were refused because what they were made from was gone, beside
-- those that landed, and those among these that landed on what others had changed meanwhile.
SELECT r.namespace, r.region, r.key, COUNT(*), COUNT(DISTINCT r.actor), (
    SELECT COUNT(*) FROM log l
    WHERE l.tenant = ?1 AND l.namespace = r.namespace AND l.region = r.region AND l.key = r.key
      AND l.revision > ?2), (
    SELECT COUNT(*) FROM log l
    WHERE l.tenant = ?1 AND l.namespace = r.namespace AND l.region = r.region AND l.key = r.key
      AND l.revision > ?2 AND l.payload IS NOT NULL
      AND json_extract(CAST(l.payload AS TEXT), '$.base')
        + COALESCE(json_array_length(CAST(l.payload AS TEXT), '$.own'), 0) < l.version - 1)
FROM refusal r
WHERE r.tenant = ?1 AND r.revision > ?2 AND r.code IN ('version_conflict', 'stale_turn', 'anchor_not_found')
GROUP BY r.namespace, r.region, r.key HAVING COUNT(*) >= ?3
ORDER BY COUNT(*) DESC LIMIT ?4

-- name: survey_stale
-- Actors by their newest writes in turns, and by how many of these came after so many changes of
-- others to what the turn was served at its pin. From what was served to the history of each
-- entry: left alone, the planner goes through all of the log in between.
SELECT actor, COUNT(*), SUM(behind >= ?3) FROM (
    SELECT w.actor AS actor, (
        SELECT COUNT(*) FROM (
            SELECT DISTINCT l.revision, l.place
            FROM served s CROSS JOIN log l INDEXED BY log_history
              ON l.tenant = ?1 AND l.namespace = s.namespace AND l.region = s.region
             AND l.key = s.key AND l.revision > t.pin AND l.revision < w.revision
            WHERE s.tenant = ?1 AND s.turn = w.turn AND l.turn <> w.turn LIMIT ?3)) AS behind
    FROM (
        SELECT actor, turn, revision FROM log
        WHERE tenant = ?1 AND revision > ?2 AND turn <> '' AND substr(region, 1, 1) <> '_'
        ORDER BY revision DESC LIMIT ?4) w
    JOIN turn t ON t.tenant = ?1 AND t.turn = w.turn)
GROUP BY actor HAVING COUNT(*) >= ?5
ORDER BY 3 DESC LIMIT ?6

-- name: survey_floods
-- Regions and actors by their commits in the fullest minute.
SELECT namespace, region, actor, MAX(commits), COUNT(*) FROM (
    SELECT namespace, region, actor, COUNT(DISTINCT revision) AS commits FROM log
    WHERE tenant = ?1 AND revision > ?2 AND substr(region, 1, 1) <> '_'
    GROUP BY namespace, region, actor, at_us / 60000000 HAVING COUNT(DISTINCT revision) >= ?3)
GROUP BY namespace, region, actor ORDER BY MAX(commits) DESC LIMIT ?4

-- name: survey_read
-- Whether anybody was ever served a region, or sent work through it.
SELECT 1 FROM served WHERE tenant = ?1 AND namespace = ?2 AND region = ?3
UNION ALL
SELECT 1 FROM entry WHERE tenant = ?1 AND namespace = ?2 AND region = '_dispatches'
  AND key >= ?3 || '/' AND key < ?3 || '0'
LIMIT 1

-- name: survey_unknown
-- Actors nobody vouches for, by what they wrote.
SELECT actor, COUNT(*) FROM log WHERE tenant = ?1 AND revision > ?2 AND identity = 'unknown'
GROUP BY actor ORDER BY COUNT(*) DESC LIMIT ?3

-- name: survey_grants
-- Standing grants over prefixes, which are entries of the tenant's own namespace.
SELECT key FROM entry
WHERE tenant = ?1 AND namespace = 'tenant' AND region = '_grants' AND dead = 0 AND key > ?2
  AND instr(key, '>') > 0
ORDER BY key LIMIT ?3

-- name: survey_active
-- Actors who wrote anything below a prefix in the window.
SELECT DISTINCT actor FROM log
WHERE tenant = ?1 AND revision > ?2 AND substr(region, 1, 1) <> '_'
  AND substr(namespace, 1, length(?3)) = ?3
LIMIT ?4
