-- Surveys: what a stretch of the log adds up to. See explain/advise.py and explain/bisect.py.

-- name: revisions_of_namespace
-- Revisions that wrote to a namespace, its contracts and grants left out.
SELECT DISTINCT revision FROM commonplace.log
WHERE tenant = $1 AND revision > $3 AND revision <= $4 AND namespace = $2
  AND substr(region, 1, 1) <> '_'
ORDER BY revision LIMIT $5

-- name: turn_touched
-- Whether a turn was served anything of a namespace, or wrote to it.
SELECT 1::bigint FROM commonplace.served WHERE tenant = $1 AND turn = $3 AND namespace = $2
UNION ALL
SELECT 1::bigint FROM commonplace.log
WHERE tenant = $1 AND turn = $3 AND turn <> '' AND namespace = $2
LIMIT 1

-- name: survey_window
-- What a window holds: records, when the first was made, and turns that left a record.
SELECT count(*), min(at_us),
       (SELECT count(*) FROM commonplace.turn WHERE tenant = $1 AND revision > $2)
FROM commonplace.log WHERE tenant = $1 AND revision > $2

-- name: survey_writers
-- Regions by what was written to them: how much, by how many, and most of it by whom. An
-- actor's own namespace has one writer by nature.
SELECT namespace, region, sum(writes)::bigint, count(*), max(writes),
       (array_agg(actor ORDER BY writes DESC, actor))[1]
FROM (
    SELECT namespace, region, actor, count(*) AS writes FROM commonplace.log
    WHERE tenant = $1 AND revision > $2 AND substr(region, 1, 1) <> '_'
      AND substr(namespace, 1, 6) <> 'agent/'
    GROUP BY namespace, region, actor) by_actor
GROUP BY namespace, region HAVING sum(writes) >= $3::bigint
ORDER BY sum(writes) DESC, namespace, region LIMIT $4

-- name: survey_workers
-- Channels by the actors who replied in them.
SELECT namespace, substr(key, 1, greatest(strpos(key, '/') - 1, 0)), count(DISTINCT actor), count(*)
FROM commonplace.log
WHERE tenant = $1 AND revision > $2 AND region = '_dispatches' AND operation = 'reply'
GROUP BY 1, 2 HAVING count(DISTINCT actor) > $3
ORDER BY 3 DESC, 1, 2 LIMIT $4

-- name: survey_inboxes
-- Channels by what waits in them for one actor (the empty name: for the writer), now.
SELECT namespace, channel, actor, count(*) FROM commonplace.waiting WHERE tenant = $1
GROUP BY namespace, channel, actor HAVING count(*) >= $2
ORDER BY count(*) DESC, namespace, channel, actor LIMIT $3

-- name: survey_conflicts
-- Entries by the writes that turns were refused because what they were made from was gone, beside
-- those that landed, and those among these that landed on what others had changed meanwhile.
SELECT r.namespace, r.region, r.key, r.refused, r.actors, (
    SELECT count(*) FROM commonplace.log l
    WHERE l.tenant = $1 AND l.namespace = r.namespace AND l.region = r.region AND l.key = r.key
      AND l.revision > $2), (
    SELECT count(*) FROM (
        SELECT l.version, convert_from(l.payload, 'UTF8')::json AS said FROM commonplace.log l
        WHERE l.tenant = $1 AND l.namespace = r.namespace AND l.region = r.region
          AND l.key = r.key AND l.revision > $2 AND l.payload IS NOT NULL) w
    WHERE (w.said ->> 'base')::bigint
        + CASE json_typeof(w.said -> 'own')
            WHEN 'array' THEN json_array_length(w.said -> 'own') ELSE 0 END < w.version - 1)
FROM (
    SELECT namespace, region, key, count(*) AS refused, count(DISTINCT actor) AS actors
    FROM commonplace.refusal
    WHERE tenant = $1 AND revision > $2
      AND code IN ('version_conflict', 'stale_turn', 'anchor_not_found')
    GROUP BY namespace, region, key HAVING count(*) >= $3
    ORDER BY count(*) DESC, namespace, region, key LIMIT $4) r
ORDER BY r.refused DESC, r.namespace, r.region, r.key

-- name: survey_stale
-- Actors by their newest writes in turns, and by how many of these came after so many changes of
-- others to what the turn was served at its pin. From what was served to the history of each
-- entry, and no further than so many changes.
SELECT actor, count(*), count(*) FILTER (WHERE behind >= $3) FROM (
    SELECT w.actor, (
        SELECT count(*) FROM (
            SELECT 1
            FROM (
                SELECT DISTINCT namespace, region, key FROM commonplace.served
                WHERE tenant = $1 AND turn = w.turn) s
            CROSS JOIN LATERAL (
                SELECT 1 FROM commonplace.log l
                WHERE l.tenant = $1 AND l.namespace = s.namespace AND l.region = s.region
                  AND l.key = s.key AND l.revision > t.pin AND l.revision < w.revision
                  AND l.turn <> w.turn
                LIMIT $3) changed
            LIMIT $3) so_many) AS behind
    FROM (
        SELECT actor, turn, revision FROM commonplace.log
        WHERE tenant = $1 AND revision > $2 AND turn <> '' AND substr(region, 1, 1) <> '_'
        ORDER BY revision DESC, place DESC LIMIT $4) w
    JOIN commonplace.turn t ON t.tenant = $1 AND t.turn = w.turn) judged
GROUP BY actor HAVING count(*) >= $5
ORDER BY 3 DESC, actor LIMIT $6

-- name: survey_floods
-- Regions and actors by their commits in the fullest minute.
SELECT namespace, region, actor, max(commits), count(*) FROM (
    SELECT namespace, region, actor, count(DISTINCT revision) AS commits FROM commonplace.log
    WHERE tenant = $1 AND revision > $2 AND substr(region, 1, 1) <> '_'
    GROUP BY namespace, region, actor, at_us / 60000000
    HAVING count(DISTINCT revision) >= $3) minutes
GROUP BY namespace, region, actor
ORDER BY max(commits) DESC, namespace, region, actor LIMIT $4

-- name: survey_read
-- Whether anybody was ever served a region, or sent work through it.
SELECT 1::bigint FROM commonplace.served WHERE tenant = $1 AND namespace = $2 AND region = $3
UNION ALL
SELECT 1::bigint FROM commonplace.entry
WHERE tenant = $1 AND namespace = $2 AND region = '_dispatches'
  AND key >= $3 || '/' AND key < $3 || '0'
LIMIT 1

-- name: survey_unknown
-- Actors nobody vouches for, by what they wrote.
SELECT actor, count(*) FROM commonplace.log
WHERE tenant = $1 AND revision > $2 AND identity = 'unknown'
GROUP BY actor ORDER BY count(*) DESC, actor LIMIT $3

-- name: survey_grants
-- Standing grants over prefixes, which are entries of the tenant's own namespace.
SELECT key FROM commonplace.entry
WHERE tenant = $1 AND namespace = 'tenant' AND region = '_grants' AND dead = 0 AND key > $2
  AND strpos(key, '>') > 0
ORDER BY key LIMIT $3

-- name: survey_active
-- Actors who wrote anything below a prefix in the window.
SELECT DISTINCT actor FROM commonplace.log
WHERE tenant = $1 AND revision > $2 AND substr(region, 1, 1) <> '_' AND starts_with(namespace, $3)
LIMIT $4
