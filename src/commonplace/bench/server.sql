-- What a run asks of the PostgreSQL server that all its contestants share.

-- name: database_create
-- Identifiers cannot be bound. A template must have no session.
CREATE DATABASE {name} TEMPLATE {template}

-- name: database_drop
-- Whoever is still connected is thrown out.
DROP DATABASE IF EXISTS {name} WITH (FORCE)

-- name: settle
-- Rows are frozen and counted, and the list of what waits for an index is sorted in.
VACUUM (FREEZE, ANALYZE)

-- name: server_settings
-- For the page: on what the figures depend most.
SELECT split_part(current_setting('server_version'), ' ', 1),
       string_agg(name || ' ' || current_setting(name), ', ' ORDER BY name)
FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'max_wal_size',
               'commit_delay')
