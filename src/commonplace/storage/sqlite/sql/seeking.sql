-- The text index: looked into, carried on, and cleared. See storage/programs/{seeking,indexing}.py.

-- name: seeking_read
-- How far a tenant's log is in the index, and the tenant's number there.
SELECT number, revision FROM seeking WHERE tenant = ?

-- name: seeking_begin
-- A tenant gets its number when its first text is indexed.
INSERT OR IGNORE INTO seeking (tenant, number, revision)
VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM seeking), 0)

-- name: seeking_advance
-- In the transaction of the rows it speaks of.
UPDATE seeking SET revision = ?2 WHERE tenant = ?1

-- name: seeking_restart
-- Everybody's: for an index that is made anew.
UPDATE seeking SET revision = 0

-- name: tenant_next
-- The tenant after one, by name.
SELECT tenant FROM tenant WHERE tenant > ? ORDER BY tenant LIMIT 1

-- name: seeking_purge
-- For an import that failed: nothing of it is kept.
DELETE FROM seeking WHERE tenant = ?

-- name: sought_rows
-- Records with all of some trigrams, from one row to before another, newest first.
SELECT rowid FROM sought WHERE sought MATCH ?1 AND rowid >= ?2 AND rowid < ?3
ORDER BY rowid DESC LIMIT ?4

-- name: sought_insert
-- The text of one record.
INSERT INTO sought (rowid, text) VALUES (?, ?)

-- name: sought_delete
-- It takes the text that was put in, to the letter.
INSERT INTO sought (sought, rowid, text) VALUES ('delete', ?, ?)

-- name: sought_clear
-- All of it, whatever state it is in.
INSERT INTO sought (sought) VALUES ('delete-all')

-- name: sought_merge
-- Merge some pages: of what is due, or with a negative number until there is one piece left.
INSERT INTO sought (sought, rank) VALUES ('merge', ?)

-- name: sought_work
-- Rows changed by this connection so far: it stands still when there was nothing to merge.
SELECT total_changes()

-- name: sought_secure
-- Whether what is taken out is overwritten at once, or when it is merged, which is far quicker.
INSERT INTO sought (sought, rank) VALUES ('secure-delete', ?)

-- name: sought_is_secure
-- 0: something that was taken out is still to be found until all is merged.
SELECT v FROM sought_config WHERE k = 'secure-delete'

-- name: sought_count
-- How many records have a trigram, and the sum of what a modulus leaves of their rows.
SELECT count(*), coalesce(sum(rowid % ?4), 0) FROM sought
WHERE sought MATCH ?1 AND rowid >= ?2 AND rowid < ?3

-- name: sought_check
-- Whether the index is sound in itself.
PRAGMA integrity_check(sought)

-- name: sought_flush
-- The index writes its rows now and not inside COMMIT, whose errors say nothing for certain.
SAVEPOINT sought

-- name: sought_flushed
-- See sought_flush.
RELEASE sought

-- name: text_sizes
-- Records after a revision and what each weighs in a batch of bounded size: its bytes, and more
-- if its entry has to be replayed.
SELECT revision, coalesce(length(payload), 0) + 4096 * (operation = 'replace' AND made IS NULL)
FROM log
WHERE tenant = ?1 AND revision > ?2 ORDER BY revision, place LIMIT ?3

-- name: text_rows
-- What was written in a span of commits.
SELECT revision, place, namespace, region, key, version, operation, payload, made
FROM log WHERE tenant = ?1 AND revision > ?2 AND revision <= ?3
ORDER BY revision, place

-- name: text_row
-- What one record wrote.
SELECT revision, place, namespace, region, key, version, operation, payload, made
FROM log WHERE tenant = ?1 AND revision = ?2 AND place = ?3

-- name: text_page
-- Records before a place and after a revision, newest first, with the lines a replace left.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, made
FROM log
WHERE tenant = ?1 AND (revision, place) < (?2, ?3) AND revision > ?4
ORDER BY revision DESC, place DESC LIMIT ?5

-- name: text_found
-- One record, with the lines a replace left.
SELECT revision, place, at_us, actor, identity, idempotency, namespace, region, key, version,
       operation, kind, based_on, trace, dead, size_bytes, commitment, digest,
       salt, payload, reason, payload_digest, turn, made
FROM log WHERE tenant = ? AND revision = ? AND place = ?

-- name: text_places
-- Where records before a place and after a revision were written, newest first.
SELECT revision, place, namespace, region, key
FROM log
WHERE tenant = ?1 AND (revision, place) < (?2, ?3) AND revision > ?4
ORDER BY revision DESC, place DESC LIMIT ?5

-- name: text_place
-- Where one record was written.
SELECT revision, place, namespace, region, key
FROM log WHERE tenant = ? AND revision = ? AND place = ?

-- name: made_set
-- The lines that a replace left, found by replaying the entry.
UPDATE log SET made = ?4 WHERE tenant = ?1 AND revision = ?2 AND place = ?3

-- name: unsaid_places
-- Where records are that cannot be searched, how many, and since when; of the first so many.
-- Dispatches are told apart by the channel that their keys begin with. A replace that is not
-- indexed yet is read when it is searched.
SELECT namespace, region, beside, count(*), min(revision) FROM (
    SELECT namespace, region, revision,
           CASE region WHEN '_dispatches' THEN substr(key, 1, instr(key, '/')) ELSE '' END AS beside
    FROM log
    WHERE tenant = ?1 AND namespace BETWEEN ?4 AND ?5
      AND (?6 IS NULL OR region = ?6) AND (?7 IS NULL OR key = ?7)
      AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
      AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
      AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
      AND ((payload IS NULL) OR revision <= ?2)
    LIMIT ?3)
GROUP BY namespace, region, beside

-- name: unsaid_since
-- The same of one region or channel, from a revision on.
SELECT count(*) FROM log
WHERE tenant = ?1 AND namespace = ?2 AND region = ?3 AND revision >= ?4
  AND substr(key, 1, length(?6)) = ?6 AND (?7 IS NULL OR key = ?7)
  AND (substr(region, 1, 1) <> '_' OR region = '_dispatches')
  AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
  AND (payload IS NULL OR (operation = 'replace' AND made IS NULL))
  AND ((payload IS NULL) OR revision <= ?5)
