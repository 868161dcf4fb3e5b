-- What follows from records: see storage/programs/deriving.py. Each is harmless when repeated.

-- name: turn_insert
-- The first record that tells of a turn.
INSERT OR IGNORE INTO turn (tenant, turn, actor, pin, revision, at_us) VALUES (?, ?, ?, ?, ?, ?)

-- name: served_insert
-- One passage that a turn was served.
INSERT OR IGNORE INTO served (tenant, namespace, region, key, version, turn, ordinal, first, last,
    renderer, actor, pin, revision, place, at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: refusal_insert
-- One write that a turn was refused.
INSERT OR IGNORE INTO refusal (tenant, revision, place, ordinal, actor, turn, code, namespace,
    region, key, operation, at_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: lineage_insert
-- One declared derivation.
INSERT OR IGNORE INTO lineage (tenant, namespace, region, key, version, revision, place, first, last)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: taken_back_insert
-- One version that a retraction or supersession took back.
INSERT OR IGNORE INTO taken_back (tenant, namespace, region, key, version, revision, place, operation)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: suspect_insert
-- One record that was built on something retracted.
INSERT OR IGNORE INTO suspect (tenant, namespace, region, key, version, revision, place, edge, depth)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: notice_insert
-- One actor who is to be told of a retraction.
INSERT OR IGNORE INTO notice (tenant, actor, revision, place, namespace, region, key)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: notice_settle
-- What came of it.
UPDATE notice SET settled = ?5 WHERE tenant = ?1 AND actor = ?2 AND revision = ?3 AND place = ?4

-- name: turn_purge
-- For an import that failed, with those below: nothing of it is kept.
DELETE FROM turn WHERE tenant = ?

-- name: served_purge
-- As turn_purge.
DELETE FROM served WHERE tenant = ?

-- name: refusal_purge
-- As turn_purge.
DELETE FROM refusal WHERE tenant = ?

-- name: lineage_purge
-- As turn_purge.
DELETE FROM lineage WHERE tenant = ?

-- name: taken_back_purge
-- As turn_purge.
DELETE FROM taken_back WHERE tenant = ?

-- name: suspect_purge
-- As turn_purge.
DELETE FROM suspect WHERE tenant = ?

-- name: notice_purge
-- As turn_purge.
DELETE FROM notice WHERE tenant = ?
