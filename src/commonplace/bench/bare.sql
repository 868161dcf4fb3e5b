-- What the bare adversary asks of SQLite besides the statements of the memory itself.

-- name: cell_table
-- The plainest table that holds a text under a name.
CREATE TABLE IF NOT EXISTS cell (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID

-- name: cell_insert
-- One row: the least that a durable write can be.
INSERT INTO cell (name, value) VALUES (?, ?)

-- name: cell_select
-- One row by its name: the least that a read can be.
SELECT value FROM cell WHERE name = ?

-- name: newest_record
-- What the last commit of a memory wrote, to be written again under the next numbers.
SELECT tenant, revision, place, at_us, actor, identity, idempotency, namespace, region, key,
    version, operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
    salt, payload, reason, payload_digest, turn, is_base, checkpoint, made
FROM log WHERE tenant = ?1 ORDER BY revision DESC, place DESC LIMIT 1

-- name: newest_key
-- The outcome that the last commit stored for a retry.
SELECT tenant, actor, key, fingerprint, at_us, expires_us, outcome FROM idempotency WHERE tenant = ?1 ORDER BY at_us DESC, key DESC LIMIT 1

-- name: scan
-- A phrase without any index: every payload is read, from the newest on.
SELECT revision, place FROM log WHERE tenant = ?1 AND instr(payload, ?2) > 0
ORDER BY revision DESC, place DESC LIMIT ?3
