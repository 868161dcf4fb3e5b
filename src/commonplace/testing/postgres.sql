-- What tests ask of a PostgreSQL server as its superuser.

-- name: database_create
-- The cheapest template unless one is named; identifiers cannot be bound.
CREATE DATABASE {name} TEMPLATE {template}

-- name: database_drop
-- Whoever is still connected is thrown out.
DROP DATABASE IF EXISTS {name} WITH (FORCE)

-- name: sessions_end
-- Asks every other session of the database at hand to end; tells how many there are still.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'

-- name: rows_delete
-- Empties the tables that belong to tenants, with triggers and keys asleep. What else the
-- schema keeps, such as which migrations ran, stays.
DO $$
DECLARE
    name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT c.oid::regclass FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant'
        WHERE c.relnamespace = to_regnamespace('commonplace') AND c.relkind = 'r'
    LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
END
$$

-- name: schemas_drop
-- Leaves what a new database has.
DO $$
BEGIN
    DROP SCHEMA IF EXISTS commonplace, public CASCADE;
    CREATE SCHEMA public AUTHORIZATION pg_database_owner;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
END
$$

-- name: standby_state
-- Whether commits wait for a standby, by its name.
SELECT sync_state FROM pg_stat_replication WHERE application_name = $1
