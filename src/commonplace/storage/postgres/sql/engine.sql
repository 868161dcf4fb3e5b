-- What this engine's driver adds around the steps of programs. Everything that is set here ends
-- with the transaction, so that a pooled connection carries nothing over.

-- name: begin_step
-- For a step outside of any transaction: its statements see one moment.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: tenant_see
-- Whose rows are seen, and in which role ('' keeps that of the session). Last the role: it may
-- allow less. Every key begins with the tenant, so reading a whole table is never the shorter way,
-- and a plan made while a table was small shall not say so when it has grown; nor go by a worse
-- index, which bitmaps make cheap for a while.
SELECT set_config('commonplace.tenant', $1, true),
       set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('role', coalesce(nullif($2, ''), current_setting('role')), true)

-- name: tenant_set
-- The same for a writer, with how long it waits for the tenant's row and how long it may sit idle
-- while others wait for it (in milliseconds); and last the server's clock, and whether COMMIT waits
-- for the disk, and for standbys. Nothing is planned under the row: left to itself the server plans
-- what takes arrays of one row anew each time, since in general it takes them for arrays of ten.
SELECT set_config('commonplace.tenant', $1, true),
       set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true),
       set_config('lock_timeout', $3, true),
       set_config('idle_in_transaction_session_timeout', $4, true),
       set_config('role', coalesce(nullif($2, ''), current_setting('role')), true),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
       current_setting('synchronous_commit'),
       (coalesce(current_setting('synchronous_standby_names', true), '') <> '')::int::bigint

-- name: tenant_touch
-- A commit that says nothing, for who must know that all before it are on the standby too.
UPDATE commonplace.tenant SET revision = revision WHERE tenant = $1

-- name: tenant_queue
-- Where those queue who wait for the right to write: a row that nobody ever updates. All who wait
-- for one that is updated wake at each commit, only to wait for its next version; behind this one
-- the next alone wakes, in turn. It decides nothing, and a tenant that has none yet does without.
SELECT revision FROM commonplace.namespace WHERE tenant = $1 AND namespace = 'tenant' FOR UPDATE

-- name: tenant_row
-- The right to write, in a statement of its own: compared in the same one, what was read before the
-- row was had would be believed, and updates would be lost.
SELECT revision FROM commonplace.tenant WHERE tenant = $1 FOR UPDATE

-- name: tenant_row_now
-- The same for who does not wait: an error if somebody else has it.
SELECT revision FROM commonplace.tenant WHERE tenant = $1 FOR UPDATE NOWAIT

-- name: heads
-- What moves when there is something for who waits: where the log of the transaction's tenant ends,
-- and who stands in the queues of update(), where places are given back without a commit of the log.
SELECT t.revision,
       (SELECT coalesce(md5(string_agg(holder, ',' ORDER BY namespace, region, key, number)), '')
        FROM commonplace.ticket WHERE tenant = t.tenant)
FROM commonplace.tenant t WHERE t.tenant = current_setting('commonplace.tenant', true)

-- name: notify
-- A hint to whoever listens, once a commit has landed.
SELECT 1::bigint FROM pg_notify($1, $2)

-- name: sought_ask
-- Before sought_rows or sought_count, in the same transaction: the trigrams as an array's text,
-- '{1,2}'. Without it they find the same and read all rows of the tenant for it (0001_schema.sql).
-- The index of trigrams answers in bitmaps alone, and how depends on what is asked.
SELECT set_config('commonplace.grams', $1, true), set_config('enable_bitmapscan', 'on', true),
       set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: session_began
-- Whether a session is there, and since when: another may have been given its number.
SELECT (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity
WHERE pid = $1::bigint

-- name: session_writing
-- The session that has been inside a writing transaction for longest, of those of this database.
SELECT application_name::text, pid::bigint,
       (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::bigint
FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start LIMIT 1
