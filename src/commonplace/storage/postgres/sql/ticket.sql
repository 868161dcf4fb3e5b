-- Places in the queues of update(). See storage/programs/ticket.py.

-- name: ticket_queue
-- The queue of one entry, first come first.
SELECT number, holder, presence, expires_us FROM commonplace.ticket
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 ORDER BY number

-- name: ticket_insert
-- A place at the end.
INSERT INTO commonplace.ticket
    (tenant, namespace, region, key, number, holder, presence, expires_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- name: ticket_renew
-- Only its holder keeps a place alive.
UPDATE commonplace.ticket SET expires_us = $7
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND number = $5 AND holder = $6

-- name: ticket_delete
-- Given back by its holder, or taken from one that is gone.
DELETE FROM commonplace.ticket
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND number = $5 AND holder = $6
