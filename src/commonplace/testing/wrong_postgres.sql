-- What the mutant of this engine says in place of what is right, and how the fence behind it is
-- taken down.

-- name: lock_and_compare
-- The tenant's row is had and entries are read in one statement: the row is as it stands when it is
-- given, and the entries are as they stood when it was asked for.
SELECT t.tenant, t.revision, t.floor, t.digest, t.at_us, t.access_revision, t.swept_us,
       e.namespace, e.region, e.key, e.version, e.revision, e.dead, e.size_bytes,
       e.base_revision, e.base_place, e.base_light, e.deltas, e.delta_bytes
FROM commonplace.tenant t
LEFT JOIN unnest($2::text[], $3::text[], $4::text[]) AS k (namespace, region, key) ON true
LEFT JOIN commonplace.entry e ON e.tenant = t.tenant AND e.namespace = k.namespace
    AND e.region = k.region AND e.key = k.key
WHERE t.tenant = $1 FOR UPDATE OF t

-- name: fence_drop
-- The schema gives no version out twice: behind that nothing is lost, and batches fail instead.
DROP INDEX commonplace.log_version

-- name: fence_replace
-- Finds the same, and holds nothing.
CREATE INDEX log_version ON commonplace.log (tenant, namespace, region, key, version)
