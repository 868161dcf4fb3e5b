-- The four statements that bound a transaction. Programs name them in their steps.

-- name: begin_write
-- The right to write is the tenant's row, which the driver takes by a statement of its own. At READ
-- COMMITTED the statements after that one see what was committed before the row was had.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE

-- name: begin_read
-- One snapshot for all of its statements, fixed by the first, and nobody waits for it.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: commit
-- An error of this statement may leave the outcome unknown; see driver.py.
COMMIT

-- name: rollback
-- For a program that finds it has nothing to store.
ROLLBACK
