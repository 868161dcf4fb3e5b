"""Meanings: every object that `--json` prints, and what each of its fields says.

The reference page prints these tables, and a test holds them against what commands print.
"""

from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """One type of object: when it is printed and its fields, in order."""

    about: str
    fields: tuple[str, ...]


OBJECTS: Final = {
    "record": Meaning(
        "one record of the log (`log`, `show REVISION`)",
        (
            *("revision", "index", "at", "actor", "identity", "operation", "reference"),
            *("namespace", "region", "key", "version", "kind", "reason", "based_on", "trace"),
            *("turn", "deletes", "size_bytes", "arguments", "digest"),
        ),
    ),
    "entry": Meaning(
        "an entry at a version, or the lines of it that were asked for (`show REF`)",
        (
            *("reference", "version", "revision", "exists", "updated_by", "updated_at"),
            *("text", "value", "lines"),
        ),
    ),
    "commit": Meaning(
        "a commit; its records follow (`show REVISION`)",
        ("revision", "at", "actor", "records", "hidden", "digest"),
    ),
    "diff": Meaning("a difference (`diff`)", ("old", "new", "hunks")),
    "event": Meaning(
        "one event of a timeline (`timeline`)",
        (
            *("at", "revision", "actor", "what", "operation", "reference", "turn", "reason"),
            *("made_against", "code"),
        ),
    ),
    "blame": Meaning(
        "a line and its origin (`blame`)",
        (
            *("reference", "number", "text", "version", "revision", "at", "actor"),
            *("operation", "kind", "reason", "origins"),
        ),
    ),
    "occurrence": Meaning(
        "a run of versions of one entry that contained a text (`why`)",
        (
            *("reference", "match", "status", "first", "end", "sure", "seconds", "introduced"),
            *("ended", "contributions", "again", "writer_served", "more_writer_served", "marked"),
            *("served", "more_served", "derived", "more_derived", "hidden"),
        ),
    ),
    "why": Meaning(
        "the end of an answer; its occurrences stand before it (`why`)",
        ("text", "occurrences", "omitted", "unknown"),
    ),
    "change": Meaning(
        "a change that a watch delivers (`watch`)",
        (
            *("revision", "at", "actor", "operation", "reference", "old_version"),
            *("new_version", "kind", "reason", "trace", "hidden"),
        ),
    ),
    "progress": Meaning("a progress mark (`watch --progress`)", ("revision",)),
    "region": Meaning(
        "a region's contract (`describe`)",
        (
            *("reference", "holds", "rule", "rule_version", "rule_parameters", "max_bytes"),
            *("visibility", "contract_version", "promise", "loses", "operations"),
            *("actor", "tier", "shared_with", "writer", "waiting"),
        ),
    ),
    "namespace": Meaning("a namespace (`namespaces`, `create`)", ("namespace",)),
    "block": Meaning("a block that is there now (`create`)", ("reference",)),
    "channel": Meaning("a channel that is there now (`create --channel`)", ("reference",)),
    "dispatch": Meaning(
        "a dispatch and what came of it (`inbox`, `dispatch`, `redispatch`)",
        (
            *("reference", "channel", "id", "revision", "at", "state", "to", "payload", "pin"),
            *("reply", "read", "stands", "stale", "follows", "since", "difference", "by"),
            "committed",
        ),
    ),
    "inbox": Meaning(
        "what an inbox holds; its dispatches stand before it (`inbox`)",
        ("reference", "shown", "waiting"),
    ),
    "receipt": Meaning(
        "the proof of a write (`append`, `share`, `publish`, `reply`, `commit` …)",
        (
            *("reference", "version", "revision", "at", "digest", "moved", "unchanged"),
            "repeated",
        ),
    ),
    "position": Meaning(
        "where the log stands (`position`, `export`, `import`)", ("revision", "digest")
    ),
    "audit": Meaning(
        "the outcome of an audit; its findings follow (`audit`)",
        (
            *("ok", "tenant", "revision", "digest", "floor", "anchor", "records", "entries"),
            *("findings", "omitted"),
        ),
    ),
    "finding": Meaning(
        "one thing that is not as it was promised (`audit`)",
        ("code", "revision", "index", "reference", "message"),
    ),
    "copying": Meaning("how far a copy is (`copy`)", ("tenant", "revision", "until")),
    "copied": Meaning(
        "what a copy came to; findings of its audit follow (`copy`)",
        (
            *("ok", "tenant", "revision", "digest", "after", "records", "receipts", "behind"),
            *("findings", "omitted"),
        ),
    ),
    "schema": Meaning("which schema was found (`migrate`)", ("ok", "found", "newest", "missing")),
    "citation": Meaning(
        "a citation of a report and the verdict on it (`verify`)",
        (
            *("verdict", "reference", "cited", "line", "column", "sentence", "detail", "also"),
            "remarks",
        ),
    ),
    "uncited": Meaning(
        "a sentence that counts something and cites nothing (`verify`)", ("line", "sentence")
    ),
    "verification": Meaning(
        "the outcome of a verification, after its citations (`verify`)",
        (
            *("ok", "run", "written", "revision", "turns", "citations", "verdicts", "uncited"),
            "more_uncited",
        ),
    ),
    "bisection": Meaning(
        "the first bad change; its records follow (`bisect`)",
        ("good", "bad", "revision", "skipped", "tests"),
    ),
    "advice": Meaning(
        "one finding about how the memory is used (`advise`)",
        ("code", "subject", "evidence", "message", "fix"),
    ),
    "survey": Meaning(
        "the window that advice was drawn from, after its findings (`advise`)",
        (
            *("ok", "after", "revision", "since", "records", "turns", "advice", "omitted"),
            "unknown",
        ),
    ),
    "compaction": Meaning(
        "what a compaction did (`compact`)", ("floor", "checkpoints", "payloads", "freed_bytes")
    ),
    "archival": Meaning(
        "what an archive holds, and where the log now begins (`archive`)",
        ("through", "digest", "state", "file", "written", "deleted"),
    ),
    "erasure": Meaning(
        "the receipt of an erasure (`erase`)",
        (
            *("reference", "revision", "version", "digest", "records", "lines", "checkpoints"),
            *("review", "unlisted", "settled"),
        ),
    ),
    "forgetting": Meaning(
        "what was forgotten of what turns were served (`forget`)", ("floor", "records")
    ),
    "retraction": Meaning(
        "what was taken back, or would be; its suspects follow (`retract`, `supersede`)",
        (
            *("operation", "reference", "retraction", "revision", "actor", "reason", "versions"),
            *("stood", "replacement", "told", "suspects", "hidden", "unclear", "complete"),
            *("served_floor", "dry_run", "unchanged"),
        ),
    ),
    "suspect": Meaning(
        "a record that was built on what was retracted (`retract`)",
        ("reference", "edge", "depth"),
    ),
    "error": Meaning(
        "what went wrong, on standard error (every command)",
        ("code", "message", "exit", "facts"),
    ),
}

FIELDS: Final = {
    "actor": "who did it; in `region`: you",
    "advice": "how many findings there are",
    "after": "revision after which the window begins; in `copied`: where the target stood before",
    "again": "records that wrote the text again while it stood",
    "also": "further verdicts that apply",
    "anchor": "first revision that is checked; what came before was archived (0: nothing)",
    "arguments": "what was asked for, as the operation takes it; null once compacted or erased",
    "at": "when it was committed: UTC, to the microsecond",
    "bad": "the first bad change: an entry at its version, or a revision",
    "based_on": "references that the write was made from",
    "behind": "revisions that the source went on by meanwhile",
    "by": "id of the dispatch that took the place of this one; empty when none did",
    "channel": "the channel that it belongs to",
    "checkpoints": "checkpoints made by a compaction, or dropped by an erasure",
    "citations": "citations in the report",
    "cited": "the citation as it was written, without its brackets",
    "code": "which error or finding it is; errors.md lists them",
    "column": "column of the report, from 1",
    "committed": "version that stood when the reply was settled; 0: it is not settled",
    "complete": "false when there are more suspects than one retraction marks",
    "contract_version": "changes of the contract so far",
    "contributions": "what wrote which part of the text, in its order: `version`, `actor`, `text`",
    "deleted": "records that left the memory",
    "deletes": "whether the record is a tombstone",
    "depth": "steps from what was retracted",
    "derived": "what was built on it: `reference`, `actor`, `revision`, `turn`, `edge`, `source` "
    "and `depth`",
    "detail": "why, for a person",
    "difference": "unified diff of what was published from `since` on; empty when nothing was",
    "digest": "the chain's digest there, in hexadecimal",
    "dry_run": "whether nothing was written",
    "edge": "how it is known: declared by the record, or inferred from what its turn was served",
    "end": "first version that did not contain it any more; null: the head does",
    "ended": "the record that ended it; null when it stands, or is archived or hidden",
    "entries": "entries checked",
    "evidence": "the numbers that it rests on, by name",
    "exists": "false for a deleted entry and before the first write",
    "exit": "the exit code",
    "facts": "what the error knows, by name",
    "file": "name of the archive's file",
    "findings": "how many findings follow",
    "first": "first version that contained it",
    "fix": "one command, or one call where there is no command",
    "floor": "first revision that is whole: what was superseded before it was compacted; in "
    "`forgetting`: before it, what turns were served is forgotten",
    "follows": "id of the dispatch in whose place this one was sent; empty for the first",
    "found": "number of the last migration that the memory had; 0: it had none",
    "freed_bytes": "size of what was dropped",
    "good": "the last good state before it",
    "hidden": "changes of the same commit that access withholds; in `retraction`: suspects; "
    "in `occurrence`: records built on it",
    "holds": "`text` or `json`",
    "hunks": "runs of changes, each with `old_start`, `old_count`, `new_start`, `new_count` and "
    "`lines`: `sign` (space, - or +), `text`, `version`, `reference`",
    "id": "id of the dispatch: what `reply`, `commit` and `redispatch` take",
    "identity": "how the actor's name is known: authenticated, host, declared or unknown",
    "index": "place of the record in its commit, from 0",
    "introduced": "the record that made the first version; null when it is archived or hidden",
    "key": "key of the entry; empty for a block",
    "kind": "observation, inference, verified, directive or procedure",
    "line": "line of the report, from 1",
    "lines": "each line's `number`, `version` (of the write that put it there) and `text`; in "
    "`erasure`: lines blanked",
    "loses": "what the rule may lose",
    "made_against": "version that the write was made against; null when it does not say",
    "marked": "retractions and supersessions that speak of it",
    "match": "exact, or loose: but for the case of letters and white space",
    "max_bytes": "most bytes of one entry",
    "message": "for a person or a model: what happened and what to do next",
    "missing": "migrations that it still lacks",
    "more_derived": "whether more was built on it than is listed",
    "more_served": "whether more turns were served it than are listed",
    "more_uncited": "whether there are more such sentences than are printed",
    "more_writer_served": "whether the writer had been served more than is listed",
    "moved": "whether others had changed the entry since the version written against",
    "namespace": "namespace in text form",
    "new": "reference of the newer side",
    "new_version": "version after the change",
    "newest": "number of the last migration of this release",
    "number": "number of the line, from 1",
    "occurrences": "how many occurrences were found",
    "ok": "whether everything is as it was promised",
    "old": "reference of the older side",
    "old_version": "version before the change",
    "omitted": "findings beyond those listed; in `why`: entries that were not looked at",
    "operation": "what was done: append, replace, grant …",
    "operations": "operations of the region, each with the tier that it takes",
    "origins": "older lines that its words came from (`blame --origins`): `relation`, `reference`, "
    "`text`, `version`, `actor`, `revision`, `depth`; null when not asked for or not known",
    "payload": "what was sent, as JSON",
    "payloads": "payloads dropped",
    "pin": "revision to read at for what its sender saw",
    "promise": "what happens when two write at once",
    "read": "version of the channel that it was built on: the reply, else the dispatch",
    "reason": "why, in the writer's words",
    "receipts": "commits of which a retry is found at the target too, as far as they were copied",
    "records": "how many records; in `erasure`: the versions whose bytes are gone",
    "reference": "names it in any command",
    "region": "region of the entry",
    "remarks": "what else is known of it: that it is suspect",
    "repeated": "whether an earlier try had landed, and this is its receipt",
    "replacement": "what stands in its place; null: nothing",
    "reply": "what was answered, as JSON; null before the reply",
    "retraction": "reference of the record that did it; null when nothing was written",
    "review": "other records built on what was erased, each with `reference` and `edge`",
    "revision": "number of the commit in the tenant's log",
    "rule": "name of the conflict rule",
    "rule_parameters": "what the rule was made with",
    "rule_version": "version of the rule",
    "run": "namespace of the report's task",
    "seconds": "how long it stood, or has so far; null when that is not known",
    "sentence": "the sentence, cut where it is long",
    "served": "turns that were served it: `actor`, `turn`, `reference`, `revision`, `at`, `pin`, "
    "`renderer` (0: as a value)",
    "served_floor": "revision before which it is forgotten what turns were served (0: none is)",
    "settled": "whether the bytes are gone from the write-ahead log too",
    "shared_with": "grants that reach here: `actor`, `tier`, `over`, `since`; told to owners",
    "shown": "how many dispatches of it are printed",
    "since": "version that the worker had read of what `difference` is about; 0: none; in "
    "`survey`: when its first record was made; null if there is none",
    "size_bytes": "size of the entry after the change",
    "skipped": "what could not be tested between the two: it may be one of these",
    "stale": "whether something else was published since the version it was built on",
    "stands": "version that is published now",
    "state": "digest of every entry at the anchor; in `dispatch`: open, replied, superseded or "
    "committed",
    "status": "stands, suspect, replaced, condensed, retracted, superseded, deleted, erased, "
    "settled or withdrawn",
    "stood": "whether any of it still stood, and so went",
    "subject": "what it is about: a region, an entry, a prefix or an actor",
    "sure": "whether the end is exact: bytes that would tell may be gone",
    "suspects": "how many records were built on it; those shown follow",
    "tenant": "the tenant",
    "tests": "how often it was tested",
    "text": "the text asked for, or the line",
    "through": "last revision that was archived",
    "tier": "what you may do: reader, contributor, editor or owner",
    "to": "the actor it was sent to",
    "told": "actors who were shown it and will learn of it",
    "trace": "id of the trace that the write belongs to",
    "turn": "the turn that it belongs to; empty outside of turns",
    "turns": "turns of the run that were shown anything of what it cites; in `survey`: of the "
    "window",
    "unchanged": "whether there was nothing to do",
    "uncited": "how many sentences count something and cite nothing",
    "unclear": "edits that may have been of it and whose text is gone",
    "unknown": "what could not be judged, and why",
    "unlisted": "further references to review",
    "until": "revision that the copy goes on to",
    "updated_at": "when the entry was last changed; null before its first write",
    "updated_by": "who changed the entry last",
    "value": "the value of an entry that is no text, else null",
    "verdict": "missing, erased, compacted, retracted, mismatch, unserved, stale or ok",
    "verdicts": "how many citations have each verdict",
    "version": "count of changes to the entry; of a line: that of the write which put it there",
    "versions": "versions that had put it there",
    "visibility": "what a read is sure to see",
    "waiting": "what is in whose inbox: of the writer replies, of others dispatches, by name; in "
    "`inbox`: how many are not shown",
    "what": "write, stale (a write on an old base), read (in a turn) or refused",
    "writer": "the one who writes it, if it is a channel",
    "writer_served": "what the turn that wrote it had been served by then, as in `served`",
    "written": "records written to the archive",
}
