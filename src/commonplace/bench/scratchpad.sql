-- A scratchpad as a textbook has it: one row for the document, one for each change of it.

-- name: document_table
-- The text that all agents share.
CREATE TABLE IF NOT EXISTS document (name text PRIMARY KEY, version bigint NOT NULL, text text NOT NULL)

-- name: audit_table
-- Who changed it, and how.
CREATE TABLE IF NOT EXISTS audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document text NOT NULL,
    version bigint NOT NULL, actor text NOT NULL, line text NOT NULL,
    at timestamptz NOT NULL DEFAULT now())

-- name: document_begin
-- An empty document.
INSERT INTO document (name, version, text) VALUES ($1, 0, '') ON CONFLICT DO NOTHING

-- name: document_take
-- Nobody else changes it until this transaction ends.
SELECT version, text FROM document WHERE name = $1 FOR UPDATE

-- name: document_put
-- What it is now.
UPDATE document SET version = $2, text = $3 WHERE name = $1

-- name: audit_insert
-- The trace that a change leaves.
INSERT INTO audit (document, version, actor, line) VALUES ($1, $2, $3, $4)

-- name: document_read
-- How it stands.
SELECT version, text FROM document WHERE name = $1
