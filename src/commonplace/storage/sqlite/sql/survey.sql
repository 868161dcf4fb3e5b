-- Surveys: what a stretch of the log adds up to. See explain/advise.py and explain/bisect.py.

-- name: revisions_of_namespace
-- Revisions that wrote to a namespace, its contracts and grants left out.
SELECT DISTINCT revision FROM log
WHERE tenant = ?1 AND revision > ?3 AND revision <= ?4 AND namespace = ?2
  AND substr(region, 1, 1) <> '_'
ORDER BY revision LIMIT ?5

-- name: turn_touched
-- Whether a turn was served anything of a namespace, or wrote to it.
SELECT 1 FROM served WHERE tenant = ?1 AND turn = ?3 AND namespace = ?2
UNION ALL
SELECT 1 FROM log WHERE tenant = ?1 AND turn = ?3 AND turn <> '' AND namespace = ?2
LIMIT 1
