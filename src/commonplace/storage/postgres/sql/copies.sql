-- Copies of a whole memory. Names of tables and columns cannot be bound: they are put in quoted, in
-- the place of the braces.

-- name: role_is_unbound
-- Whether row-level security holds this session's role back from nothing.
SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user

-- name: copied_tables
-- Every table of ours, whatever release made it.
SELECT relname::text FROM pg_class
WHERE relnamespace = 'commonplace'::regnamespace AND relkind = 'r' ORDER BY relname

-- name: copied_columns
-- The columns of one of them.
SELECT attname::text FROM pg_attribute
WHERE attrelid = ('commonplace.' || quote_ident($1))::regclass AND attnum > 0
  AND NOT attisdropped AND attgenerated = ''
ORDER BY attnum

-- name: copies_snapshot_lock
-- Before the snapshot is taken: a migration begins by noting its number, and waits.
LOCK TABLE commonplace.migration IN SHARE MODE

-- name: copies_restore_lock
-- Nobody migrates, and nobody has the right to write any tenant.
LOCK TABLE commonplace.migration, commonplace.tenant IN EXCLUSIVE MODE

-- name: copies_lock_wait
-- How long for a lock that somebody keeps; it ends with the transaction.
SET LOCAL lock_timeout = '60s'

-- name: copies_show_all
-- Rather an error than a copy that lacks what a policy hides.
SET LOCAL row_security = off

-- name: copied_out
-- One table, as the server keeps it.
COPY {table} ({columns}) TO STDOUT (FORMAT binary)

-- name: copied_in
-- One table that is empty.
COPY {table} ({columns}) FROM STDIN (FORMAT binary)

-- name: copied_empty
-- What a tenant left that was purged.
TRUNCATE {tables}

-- name: copied_drop
-- To be made anew as an older release made them. What others hang on them is in the way, and stays.
DROP TABLE {tables}

-- name: copied_unnote
-- None of their migrations is applied any more.
TRUNCATE commonplace.migration

-- name: copied_count
-- Until it is known how many rows there are, plans are made for none.
ANALYZE {table}
