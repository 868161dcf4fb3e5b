-- Dispatches that wait; see storage/programs/exchange.py.

-- name: waiting_put
-- A dispatch was sent, or replied to: whom it waits for since which record.
INSERT OR REPLACE INTO waiting (tenant, namespace, region, key, channel, actor, revision, place)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: waiting_drop
-- It waits for nobody any more.
DELETE FROM waiting WHERE tenant = ? AND namespace = ? AND region = ? AND key = ?

-- name: waiting_purge
-- As turn_purge.
DELETE FROM waiting WHERE tenant = ?

-- name: waiting_page
-- What waits for one actor in a channel after a place in the log, oldest first.
SELECT w.namespace, w.region, w.key, w.revision, w.place, l.at_us
FROM waiting w
LEFT JOIN log l ON l.tenant = w.tenant AND l.revision = w.revision AND l.place = w.place
WHERE w.tenant = ?1 AND w.namespace = ?2 AND w.channel = ?3 AND w.actor = ?4
  AND (w.revision, w.place) > (?5, ?6)
ORDER BY w.revision, w.place LIMIT ?7

-- name: waiting_tally
-- How many wait for whom in a channel; of the actors the first ones by name.
SELECT actor, count(*) FROM waiting
WHERE tenant = ?1 AND namespace = ?2 AND channel = ?3
GROUP BY actor ORDER BY actor LIMIT ?4
