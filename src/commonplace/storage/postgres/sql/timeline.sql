-- What happened in a stretch of the log besides its records. See explain/timeline.py.

-- name: served_page
-- What turns were served, newest first, below a row and above a revision.
SELECT namespace, region, key, version, turn, ordinal, first, last, renderer, actor, pin,
       revision, place, at_us, ordinal
FROM commonplace.served
WHERE tenant = $1 AND (revision, place, ordinal) < ($2, $3, $4) AND revision > $5
  AND ($6::text IS NULL OR actor = $6)
  AND ($7::text IS NULL OR namespace = $7)
  AND ($8::text IS NULL OR region = $8)
ORDER BY revision DESC, place DESC, ordinal DESC LIMIT $9

-- name: refusal_page
-- What turns were refused, newest first, below a row and above a revision.
SELECT namespace, region, key, operation, code, actor, turn, revision, place, at_us, ordinal
FROM commonplace.refusal
WHERE tenant = $1 AND (revision, place, ordinal) < ($2, $3, $4) AND revision > $5
  AND ($6::text IS NULL OR actor = $6)
  AND ($7::text IS NULL OR namespace = $7)
  AND ($8::text IS NULL OR region = $8)
ORDER BY revision DESC, place DESC, ordinal DESC LIMIT $9
