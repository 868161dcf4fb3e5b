-- What is asked when a memory is opened, and how its schema comes about. The tables themselves are
-- in the numbered files.

-- name: server_look
-- What of a server decides whether a memory may be kept there, and in which role.
SELECT current_setting('server_version_num')::bigint / 10000, current_setting('fsync'),
       current_setting('synchronous_commit'), current_setting('server_encoding'),
       pg_is_in_recovery(), pg_backend_pid(),
       (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user),
       EXISTS (SELECT FROM pg_namespace
               WHERE nspname = 'commonplace' AND pg_has_role(nspowner, 'USAGE'))

-- name: session_self
-- By what others recognise this session: its number may be given to another after it.
SELECT pid::bigint, (extract(epoch FROM backend_start) * 1000000)::bigint
FROM pg_stat_activity WHERE pid = pg_backend_pid()

-- name: session_keep
-- A client that is gone says no farewell either: the server finds out within seconds, not hours,
-- and gives the tenant's row to others. The other half of it is in place.py.
SELECT set_config('tcp_keepalives_idle', '5', false),
       set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('tcp_user_timeout', '10000', false)

-- name: schema_state
-- Whether migrations are noted here, and whether anybody uses the schema.
SELECT to_regclass('commonplace.migration') IS NOT NULL,
       EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'commonplace')

-- name: schema_newest
-- The last migration that was applied.
SELECT coalesce(max(number), 0) FROM commonplace.migration

-- name: schema_make
-- Others may be making it in the same moment.
CREATE SCHEMA IF NOT EXISTS commonplace

-- name: migration_table
-- One row per migration that was applied.
CREATE TABLE IF NOT EXISTS commonplace.migration
    (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())

-- name: migration_note
-- First in the transaction of a migration: whoever comes second waits here, and then notes nothing.
INSERT INTO commonplace.migration (number) VALUES ($1) ON CONFLICT DO NOTHING RETURNING number

-- name: role_make
-- The role that transactions take on. It owns nothing, so row-level security binds it.
CREATE ROLE commonplace NOLOGIN

-- name: role_schema
-- It sees the schema,
GRANT USAGE ON SCHEMA commonplace TO commonplace

-- name: role_tables
-- reads and writes its tables,
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA commonplace TO commonplace

-- name: role_migrations
-- but for the list of migrations.
REVOKE INSERT, UPDATE, DELETE ON commonplace.migration FROM commonplace

-- name: role_take
-- Whoever migrates may take it on.
GRANT commonplace TO CURRENT_USER

-- name: role_usable
-- Whether this session may take it on, and it may use the tables.
SELECT pg_has_role(oid, 'MEMBER') AND has_table_privilege(oid, 'commonplace.log', 'INSERT')
FROM pg_roles WHERE rolname = 'commonplace'
