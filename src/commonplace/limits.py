"""Every bound in one place, with its unit in its name.

A bound is checked where a value enters (the faces) and asserted again where it is used
(the core), so that neither a second face nor another engine can grow past it.
"""

from typing import Final

MAX_NAME_BYTES: Final = 128
"""One segment of a namespace, a region or an actor's name, in UTF-8 bytes."""
MAX_KEY_BYTES: Final = 512
MAX_NAMESPACE_DEPTH: Final = 8

MAX_TEXT_BYTES: Final = 1 << 20
"""The text of one block, and the most that one write may carry."""
MAX_VALUE_BYTES: Final = 1 << 20
MAX_VALUE_DEPTH: Final = 64
MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1
MAX_REASON_BYTES: Final = 4096

MAX_GROUP_WRITES: Final = 256
MAX_GUARDS: Final = 512
MAX_BASED_ON: Final = 64
MAX_SHARES: Final = 64

MAX_BATCH_GROUPS: Final = 256
"""Groups that one transaction takes up; the rest wait for the next."""
MAX_QUEUED_GROUPS: Final = 65_536
"""Groups waiting in one lane; one more is refused, never silently dropped."""
MAX_PAGE_ROWS: Final = 512
"""Rows of one page of a scan, so that no cursor stays open while a caller thinks."""

MAX_FOLD_DELTAS: Final = 256
"""Deltas that a read folds at the most over a checkpoint."""
MIN_CHECKPOINT_BYTES: Final = 4096
"""Deltas below this size do not earn a checkpoint that is kept."""

MAX_UPDATE_CALLS: Final = 16
"""Times `update` calls its function before it gives up with the last conflict."""
MAX_CHANGES_SHOWN: Final = 20
"""Changes that a conflict carries; the rest are counted."""

IDEMPOTENCY_LIFE_S: Final = 7 * 24 * 3600.0
"""Life of a key that the library made; such a key carries its own date."""
MAX_IDEMPOTENCY_KEY_BYTES: Final = 128
SWEEP_EVERY_REVISIONS: Final = 1024
SWEEP_ROWS: Final = 4096

DEADLINE_S: Final = 10.0
UPKEEP_S: Final = 3600.0
"""How long one step of an import, archive or compaction may take."""
BACKSTOP_S: Final = 0.25
"""Longest wait between two looks at the log when no doorbell rings."""
CONNECTIONS: Final = 16
"""Sessions with a PostgreSQL server that one process uses at once, besides one that listens."""
ROW_WAIT_MS: Final = 10_000
"""How long a job waits for the right to write a tenant of a PostgreSQL memory."""
SETTLE_S: Final = 30.0
"""How long a commit whose answer was lost is asked for again before its outcome is unknown."""
FOLLOW_RECORDS: Final = 4096
"""Records that a follower takes up in one transaction; one commit more is always whole."""
LAGGING_S: Final = 1.0
"""Seconds without news of its source after which a follower counts as lagging."""
MAX_LOOKS: Final = 64
"""Looks at its source that a follower remembers while it catches up with them."""
TICKET_LIFE_S: Final = 30.0
"""Life of a place in an `update` queue whose holder's death no kernel reports."""

WATCH_BUFFER_COMMITS: Final = 4096
MAX_DEBOUNCES: Final = 10
"""Times its `debounce_s` that a watch holds a burst back at the most."""
CURSOR_EVERY_COMMITS: Final = 64
"""Commits after which a named cursor is stored although more are waiting."""
CLAIM_LIFE_S: Final = 30.0
MAX_CLAIMS: Final = 64
"""Commits handed to the members of one watch group and not yet finished."""

RETENTION_PAGE_BYTES: Final = 4 << 20
"""Bytes that one transaction of retention, import or one page of an audit takes up, about."""
CHECKPOINT_PAGE_ENTRIES: Final = 64
"""Checkpoints that one record of a compaction lists."""
MAX_AUDIT_FINDINGS: Final = 200
"""Findings that a report carries; the rest are counted."""
MAX_REVIEW: Final = 1000
"""Records based on erased ones that a receipt lists; the rest are counted."""
MAX_EXPORT_LINE_BYTES: Final = 16 << 20
"""One line of an exported log: a record with the checkpoint it may carry."""

MAX_SERVED_ROWS: Final = 512
"""Passages that one record lists of what a turn was served; more take further records."""
MAX_CASCADE: Final = 10_000
"""Records built on a retracted one that are marked with it; more refuse the retraction."""
MAX_NOTICES: Final = 100
"""Retractions that a turn is told of at once; the rest are counted."""
MAX_INBOX: Final = 512
"""Messages of one look into a channel's inbox; the rest are counted."""
MAX_SOUGHT_BYTES: Final = 4096
"""A sentence to look for in every state that ever stood."""
MAX_HITS: Final = 512
"""Records with a sentence in them that one question follows up; the rest are counted."""
INDEX_EVERY_REVISIONS: Final = 512
"""Commits after which the text index is carried on at the latest."""
INDEX_EVERY_BYTES: Final = 1 << 16
"""What one process writes before it carries the text index on."""
INDEX_BATCH_RECORDS: Final = 2048
INDEX_BATCH_BYTES: Final = 1 << 18
"""Records and bytes that one batch of the text index takes up, and somebody waits for."""
INDEX_MERGED_PAGES: Final = 6
"""Pages of the text index that a batch merges for each page it adds, about."""
INDEX_OVERWRITTEN: Final = 512
"""Records whose traces an erasure overwrites one by one; for more, the index is rewritten."""
INDEX_REWRITE_PAGES: Final = 1024
"""Pages of the text index that one step of a compaction rewrites."""
MAX_SOUGHT_ROWS: Final = 32_768
"""Records that one page of a search looks at; there is a next page for the rest."""
MAX_UNSEARCHABLE: Final = 10_000
"""Records without their text that a search counts."""
MAX_STATES: Final = 4096
"""Past states that one question reads, one of many lines counting as one for each thousand."""
MAX_REPORT_BYTES: Final = 4 << 20
MAX_CITATIONS: Final = 10_000
"""Citations of one report."""
MAX_REPORT_CLAIMS: Final = 100_000
"""Figures and quotations in the sentences of one report that cite something."""
MAX_BRACKETS: Final = 200_000
"""Brackets of one report, round and square: they are paired in memory."""
MAX_COMPARED_BYTES: Final = 1 << 28
"""Characters in which the quotations of one report are looked for, each time they are."""
MAX_UNCITED: Final = 1000
"""Sentences that count something and cite nothing which one verification lists."""
MAX_BISECT_STEPS: Final = 64
ADVICE_REVISIONS: Final = 100_000
"""Newest revisions that advice is drawn from, unless more are asked for."""
ADVICE_TURN_WRITES: Final = 5000
"""Newest writes in turns that are asked whether they were made on an old state."""
MAX_TIMELINE_EVENTS: Final = 4096
"""Events of one timeline; the rest are counted."""
MAX_TRACED_CHARS: Final = 200
"""Characters of a reason that a span carries, where it carries reasons."""
