-- The text index: looked into, carried on, and cleared. See storage/programs/{seeking,indexing}.py.
-- What SQLite's index asks for besides has nothing to do here and answers that it is done: a row
-- that is gone is found by no search, and its bytes are overwritten when VACUUM comes by.

-- name: seeking_read
-- How far a tenant's log is in the index, and the tenant's number there.
SELECT number, revision FROM commonplace.seeking WHERE tenant = $1

-- name: seeking_begin
-- Rows are kept by tenant: the number that tells tenants apart elsewhere is the same for each.
INSERT INTO commonplace.seeking (tenant, number, revision) VALUES ($1, 1, 0)
ON CONFLICT DO NOTHING

-- name: seeking_advance
-- In the transaction of the rows it speaks of.
UPDATE commonplace.seeking SET revision = $2 WHERE tenant = $1

-- name: seeking_restart
-- This tenant's alone: each has an index of its own.
UPDATE commonplace.seeking SET revision = 0
WHERE tenant = current_setting('commonplace.tenant', true)

-- name: tenant_next
-- The tenant after one, by name: nobody sees another, and no other index was emptied.
SELECT tenant FROM commonplace.tenant WHERE tenant > $1 ORDER BY tenant LIMIT 1

-- name: seeking_purge
-- For an import that failed: nothing of it is kept.
DELETE FROM commonplace.seeking WHERE tenant = $1

-- name: sought_rows
-- Records with all of some trigrams, from one row to before another, newest first. The trigrams
-- stand in the policy too (sought_ask); inside coalesce the planner does not count them twice.
SELECT "row" FROM commonplace.sought
WHERE tenant = current_setting('commonplace.tenant', true)
  AND coalesce(grams @> $1::bigint[], false) AND "row" >= $2 AND "row" < $3
ORDER BY "row" DESC LIMIT $4

-- name: sought_insert
-- The trigrams of records, each an array's text; what stood under a row, if anything did, is
-- replaced.
INSERT INTO commonplace.sought (tenant, "row", grams)
SELECT current_setting('commonplace.tenant', true), k."row", k.grams::bigint[]
FROM unnest($1::bigint[], $2::text[]) AS k ("row", grams)
ON CONFLICT (tenant, "row") DO UPDATE SET grams = excluded.grams

-- name: sought_delete
-- By its row: what was put in need not be known.
DELETE FROM commonplace.sought
WHERE tenant = current_setting('commonplace.tenant', true) AND "row" = $1

-- name: sought_clear
-- All of this tenant's.
DELETE FROM commonplace.sought WHERE tenant = current_setting('commonplace.tenant', true)

-- name: sought_merge
-- Nothing to merge: the server sorts new rows in by itself.
SELECT $1::bigint LIMIT 0

-- name: sought_work
-- Always the same, so that whoever merges sees that there is nothing left.
SELECT 0::bigint

-- name: sought_secure
-- There is no such switch.
SELECT $1::bigint LIMIT 0

-- name: sought_is_secure
-- Yes: what was taken out is not to be found any more.
SELECT 1::bigint

-- name: sought_count
-- How many records have a trigram, and the sum of what a modulus leaves of their rows.
SELECT count(*), coalesce(sum("row" % $4), 0)::bigint FROM commonplace.sought
WHERE tenant = current_setting('commonplace.tenant', true)
  AND coalesce(grams @> $1::bigint[], false) AND "row" >= $2 AND "row" < $3

-- name: sought_check
-- An index cannot be asked whether it is sound without an extension; that its rows are those of
-- the log is checked by whoever asks this (programs/upkeep/comparing.py).
SELECT 'ok'

-- name: sought_flush
-- Rows are written by their statements, never inside COMMIT.
SELECT 0::bigint LIMIT 0

-- name: sought_flushed
-- See sought_flush.
SELECT 0::bigint LIMIT 0

-- name: text_sizes
-- Records after a revision and what each weighs in a batch of bounded size: its bytes, and more
-- if its entry has to be replayed.
SELECT revision, (coalesce(octet_length(payload), 0)
    + 4096 * (operation = 'replace' AND made IS NULL)::int)::bigint
FROM commonplace.log
WHERE tenant = $1 AND revision > $2 ORDER BY revision, place LIMIT $3

-- name: text_rows
-- What was written in a span of commits.
SELECT revision, place, namespace, region, key, version, operation, payload, made
FROM commonplace.log WHERE tenant = $1 AND revision > $2 AND revision <= $3
ORDER BY revision, place

-- name: text_row
-- What one record wrote, once for each place that is asked for.
SELECT l.revision, l.place, l.namespace, l.region, l.key, l.version, l.operation, l.payload, l.made
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
    WITH ORDINALITY AS k (tenant, revision, place, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND (revision, place) >= (k.revision, k.place)
      AND (revision, place) <= (k.revision, k.place)
    ORDER BY revision, place LIMIT 1) l
ORDER BY k.n

-- name: text_page
-- Records before a place and after a revision, newest first, with the lines a replace left.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, made
FROM commonplace.log
WHERE tenant = $1 AND (revision, place) < ($2, $3) AND revision > $4
ORDER BY revision DESC, place DESC LIMIT $5

-- name: text_found
-- One record, with the lines a replace left, once for each place that is asked for.
SELECT l.revision, l.place, l.at_us, l.actor, l.identity, l.idempotency, l.namespace, l.region,
       l.key, l.version, l.operation, l.kind, l.based_on, l.trace, l.dead, l.size_bytes,
       l.commitment, l.digest, l.salt, l.payload, l.reason, l.payload_digest, l.turn, l.made
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
    WITH ORDINALITY AS k (tenant, revision, place, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND (revision, place) >= (k.revision, k.place)
      AND (revision, place) <= (k.revision, k.place)
    ORDER BY revision, place LIMIT 1) l
ORDER BY k.n

-- name: text_places
-- Where records before a place and after a revision were written, newest first.
SELECT revision, place, namespace, region, key
FROM commonplace.log
WHERE tenant = $1 AND (revision, place) < ($2, $3) AND revision > $4
ORDER BY revision DESC, place DESC LIMIT $5

-- name: text_place
-- Where one record was written, once for each place that is asked for.
SELECT l.revision, l.place, l.namespace, l.region, l.key
FROM unnest($1::text[], $2::bigint[], $3::bigint[])
    WITH ORDINALITY AS k (tenant, revision, place, n)
CROSS JOIN LATERAL (
    SELECT * FROM commonplace.log
    WHERE tenant = k.tenant AND (revision, place) >= (k.revision, k.place)
      AND (revision, place) <= (k.revision, k.place)
    ORDER BY revision, place LIMIT 1) l
ORDER BY k.n

-- name: made_set
-- The lines that a replace left, found by replaying the entry. Row by row, as checkpoint_drop.
UPDATE commonplace.log SET made = $4
WHERE tenant = $1 AND (namespace, region, key, revision, place) = (
    SELECT namespace, region, key, revision, place FROM commonplace.log
    WHERE tenant = $1 AND (revision, place) >= ($2, $3) AND (revision, place) <= ($2, $3)
    ORDER BY revision, place LIMIT 1)

-- name: unsaid_places
-- Where records are that cannot be searched, how many, and since when; of the first so many.
-- Dispatches are told apart by the channel that their keys begin with. A replace that is not
-- indexed yet is read when it is searched.
SELECT namespace, region, beside, count(*), min(revision) FROM (
    SELECT namespace, region, revision,
           CASE region WHEN '_dispatches' THEN substr(key, 1, strpos(key, '/')) ELSE '' END
               AS beside
    FROM commonplace.log
    WHERE tenant = $1 AND namespace BETWEEN $4 AND $5
      AND ($6::text IS NULL OR region = $6) AND ($7::text IS NULL OR key = $7)
      AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
      AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
      AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
      AND (payload IS NULL OR revision <= $2)
    LIMIT $3) unsaid
GROUP BY namespace, region, beside

-- name: unsaid_since
-- The same of one region or channel, from a revision on.
SELECT count(*) FROM commonplace.log
WHERE tenant = $1 AND namespace = $2 AND region = $3 AND revision >= $4
  AND starts_with(key, $6) AND ($7::text IS NULL OR key = $7)
  AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
  AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
  AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
  AND (payload IS NULL OR revision <= $5)
