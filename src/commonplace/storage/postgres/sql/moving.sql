-- Receipts that go along with a log to another engine; see storage/programs/upkeep/moving.py.

-- name: receipt_load
-- What a retry of a commit finds, as it is kept.
SELECT i.actor, i.key, i.fingerprint, i.at_us, i.expires_us, i.outcome
FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (tenant, actor, key, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.idempotency
    WHERE tenant = k.tenant AND actor = k.actor AND key = k.key LIMIT 1) i
ORDER BY k.n

-- name: receipt_page
-- All that retries find, in the order of their keys: the records of some may be archived.
SELECT actor, key, fingerprint, at_us, expires_us, outcome
FROM commonplace.idempotency WHERE tenant = $1 AND (actor, key) > ($2, $3)
ORDER BY actor, key LIMIT $4

-- name: receipt_keep
-- One that came from elsewhere, with its record or once more.
INSERT INTO commonplace.idempotency
    (tenant, actor, key, fingerprint, at_us, expires_us, outcome)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::bigint[], $7::bytea[])
ON CONFLICT (tenant, actor, key) DO UPDATE
SET fingerprint = excluded.fingerprint, at_us = excluded.at_us,
    expires_us = excluded.expires_us, outcome = excluded.outcome

-- name: receipt_blank
-- The digest of a request whose record was erased goes there too; as fingerprint_destroy.
UPDATE commonplace.idempotency SET fingerprint = ''::bytea
WHERE tenant = $1 AND (actor, key) = (
    SELECT actor, idempotency FROM commonplace.log
    WHERE tenant = $1 AND namespace = $2 AND region = $3 AND key = $4 AND version BETWEEN $5 AND $5
    ORDER BY version LIMIT 1)

-- name: receipt_purge
-- As log_purge.
DELETE FROM commonplace.idempotency WHERE tenant = $1

-- name: swept_read
-- How old the keys are that were swept: none as old is ever taken for a new one.
SELECT swept_us FROM commonplace.tenant WHERE tenant = $1

-- name: swept_raise
-- It came from elsewhere, and only rises.
UPDATE commonplace.tenant SET swept_us = greatest(swept_us, $2) WHERE tenant = $1
