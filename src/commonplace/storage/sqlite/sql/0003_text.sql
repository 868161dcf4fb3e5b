-- The text index: which records hold which three characters. Derived from the log and kept in the
-- transaction of the writer, a batch behind it: storage/programs/indexing.py.

-- The lines that a `replace` left, which its payload does not hold; NULL for every other record,
-- and where nobody knows. Not chained: replaying the entry gives the same.
ALTER TABLE log ADD COLUMN made TEXT;

-- One row per record with text in it. The index holds no text, only which rows have which
-- trigram; its rowid is the tenant's number, the revision and the place in the commit.
CREATE VIRTUAL TABLE sought USING fts5(
    text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1');

-- Merging is asked for in small pieces after each batch, so that no writer waits for a large one.
INSERT INTO sought (sought, rank) VALUES ('automerge', 0);
INSERT INTO sought (sought, rank) VALUES ('usermerge', 8);
INSERT INTO sought (sought, rank) VALUES ('crisismerge', 500);
-- What is taken out is overwritten at once; 0 says that some of it waits for merging.
INSERT INTO sought (sought, rank) VALUES ('secure-delete', 1);

-- How far each tenant's log is in the index; what comes after is read record by record.
CREATE TABLE seeking (
    tenant TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Records whose text is gone (1) or, for a `replace`, not known (0): a search says how many. Of
-- the reserved regions, dispatches alone say something (core.reserved.is_said).
CREATE INDEX log_unsaid ON log (tenant, namespace, region, revision, (payload IS NULL), key)
    WHERE (substr(region, 1, 1) <> '_' OR region = '_dispatches')
      AND operation NOT IN ('delete', 'erase', 'withdraw', 'settle')
      AND (payload IS NULL OR (operation = 'replace' AND made IS NULL));
