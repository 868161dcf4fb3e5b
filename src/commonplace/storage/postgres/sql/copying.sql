-- What the engine itself asks, outside every program.

-- name: tenant_any
-- Whether anything was ever written here by this tenant: a restore is for an empty memory.
SELECT 1::bigint FROM commonplace.tenant LIMIT 1
