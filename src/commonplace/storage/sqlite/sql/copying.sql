-- What the engine itself asks, outside every program.

-- name: tenant_any
-- Whether anything was ever written here: a restore is for an empty memory.
SELECT 1 FROM tenant LIMIT 1

-- name: data_version
-- A number that changes with every commit of another connection: the doorbell's backstop.
PRAGMA data_version
