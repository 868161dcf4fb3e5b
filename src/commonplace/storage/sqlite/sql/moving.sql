-- Receipts that go along with a log to another engine; see storage/programs/upkeep/moving.py.

-- name: receipt_load
-- What a retry of a commit finds, as it is kept.
SELECT actor, key, fingerprint, at_us, expires_us, outcome
FROM idempotency WHERE tenant = ? AND actor = ? AND key = ?

-- name: receipt_page
-- All that retries find, in the order of their keys: the records of some may be archived.
SELECT actor, key, fingerprint, at_us, expires_us, outcome
FROM idempotency WHERE tenant = ?1 AND (actor, key) > (?2, ?3) ORDER BY actor, key LIMIT ?4

-- name: receipt_keep
-- One that came from elsewhere, with its record or once more.
INSERT INTO idempotency (tenant, actor, key, fingerprint, at_us, expires_us, outcome)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (tenant, actor, key) DO UPDATE
SET fingerprint = ?4, at_us = ?5, expires_us = ?6, outcome = ?7

-- name: receipt_blank
-- The digest of a request whose record was erased goes there too; as fingerprint_destroy.
UPDATE idempotency SET fingerprint = x''
WHERE tenant = ?1 AND (actor, key) = (
    SELECT actor, idempotency FROM log
    WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND key = ?4 AND version = ?5)

-- name: receipt_purge
-- As log_purge.
DELETE FROM idempotency WHERE tenant = ?

-- name: swept_read
-- How old the keys are that were swept: none as old is ever taken for a new one.
SELECT swept_us FROM tenant WHERE tenant = ?

-- name: swept_raise
-- It came from elsewhere, and only rises.
UPDATE tenant SET swept_us = max(swept_us, ?2) WHERE tenant = ?1
