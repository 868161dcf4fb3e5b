-- Dispatches that wait; see storage/programs/exchange.py.

-- name: waiting_put
-- A dispatch was sent, or replied to: whom it waits for since which record. Row by row: one
-- statement could not change the same dispatch twice.
INSERT INTO commonplace.waiting
    (tenant, namespace, region, key, channel, actor, revision, place)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant, namespace, region, key) DO UPDATE
SET channel = excluded.channel, actor = excluded.actor,
    revision = excluded.revision, place = excluded.place

-- name: waiting_drop
-- It waits for nobody any more.
DELETE FROM commonplace.waiting
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4

-- name: waiting_purge
-- As turn_purge.
DELETE FROM commonplace.waiting WHERE tenant = $1

-- name: waiting_page
-- What waits for one actor in a channel after a place in the log, oldest first.
SELECT w.namespace, w.region, w.key, w.revision, w.place, l.at_us
FROM commonplace.waiting w
LEFT JOIN LATERAL (
    SELECT at_us FROM commonplace.log
    WHERE tenant = w.tenant AND (revision, place) >= (w.revision, w.place)
      AND (revision, place) <= (w.revision, w.place)
    ORDER BY revision, place LIMIT 1) l ON true
WHERE w.tenant = $1 AND w.namespace = $2 AND w.channel = $3 AND w.actor = $4
  AND (w.revision, w.place) > ($5, $6)
ORDER BY w.revision, w.place LIMIT $7

-- name: waiting_tally
-- How many wait for whom in a channel; of the actors the first ones by name.
SELECT actor, count(*) FROM commonplace.waiting
WHERE tenant = $1 AND namespace = $2 AND channel = $3
GROUP BY actor ORDER BY actor LIMIT $4
