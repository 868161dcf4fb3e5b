-- What follows from records: see storage/programs/deriving.py. Each is harmless when repeated; of
-- rows with one key the first stays, also among those of one statement.

-- name: turn_insert
-- The first record that tells of a turn.
INSERT INTO commonplace.turn (tenant, turn, actor, pin, revision, at_us)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
ON CONFLICT DO NOTHING

-- name: served_insert
-- One passage that a turn was served.
INSERT INTO commonplace.served (tenant, namespace, region, key, version, turn, ordinal, first,
    last, renderer, actor, pin, revision, place, at_us)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[],
    $14::bigint[], $15::bigint[])
ON CONFLICT DO NOTHING

-- name: refusal_insert
-- One write that a turn was refused.
INSERT INTO commonplace.refusal (tenant, revision, place, ordinal, actor, turn, code, namespace,
    region, key, operation, at_us)
SELECT * FROM unnest(
    $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[])
ON CONFLICT DO NOTHING

-- name: lineage_insert
-- One declared derivation.
INSERT INTO commonplace.lineage
    (tenant, namespace, region, key, version, revision, place, first, last)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[])
ON CONFLICT DO NOTHING

-- name: taken_back_insert
-- One version that a retraction or supersession took back.
INSERT INTO commonplace.taken_back
    (tenant, namespace, region, key, version, revision, place, operation)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::text[])
ON CONFLICT DO NOTHING

-- name: suspect_insert
-- One record that was built on something retracted.
INSERT INTO commonplace.suspect
    (tenant, namespace, region, key, version, revision, place, edge, depth)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::text[], $9::bigint[])
ON CONFLICT DO NOTHING

-- name: notice_insert
-- One actor who is to be told of a retraction.
INSERT INTO commonplace.notice (tenant, actor, revision, place, namespace, region, key)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
ON CONFLICT DO NOTHING

-- name: notice_settle
-- What came of it. Row by row: the last word on a notice holds.
UPDATE commonplace.notice SET settled = $5
WHERE tenant = $1 AND actor = $2 AND revision = $3 AND place = $4

-- name: turn_purge
-- For an import that failed, with those below: nothing of it is kept.
DELETE FROM commonplace.turn WHERE tenant = $1

-- name: served_purge
-- As turn_purge.
DELETE FROM commonplace.served WHERE tenant = $1

-- name: refusal_purge
-- As turn_purge.
DELETE FROM commonplace.refusal WHERE tenant = $1

-- name: lineage_purge
-- As turn_purge.
DELETE FROM commonplace.lineage WHERE tenant = $1

-- name: taken_back_purge
-- As turn_purge.
DELETE FROM commonplace.taken_back WHERE tenant = $1

-- name: suspect_purge
-- As turn_purge.
DELETE FROM commonplace.suspect WHERE tenant = $1

-- name: notice_purge
-- As turn_purge.
DELETE FROM commonplace.notice WHERE tenant = $1
