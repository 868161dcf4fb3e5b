-- The four statements that bound a transaction. Programs name them in their steps.

-- name: begin_write
-- Immediate: a deferred one that reads first fails at once when it comes to write.
BEGIN IMMEDIATE

-- name: begin_read
-- Deferred: the snapshot is fixed by the first read, and nobody waits for it.
BEGIN

-- name: commit
-- An error of this statement leaves the outcome unknown; see driver.py.
COMMIT

-- name: rollback
-- For a program that finds it has nothing to store.
ROLLBACK
