"""Fields of audits and of retention: what `--json` prints for them; see `fields`."""

from typing import TYPE_CHECKING

from commonplace.cli.fields import Plain

if TYPE_CHECKING:
    from commonplace import Archival, AuditReport, Compaction, Copied, Erasure, Finding, Forgetting
    from commonplace.storage.schema import Schema


def report_fields(report: "AuditReport") -> Plain:
    """The outcome of an audit; its findings follow, one object each."""
    return {
        "type": "audit",
        "ok": report.ok,
        "tenant": report.tenant,
        "revision": report.revision,
        "digest": report.digest.hex(),
        "floor": report.floor,
        "anchor": report.anchor,
        "records": report.records,
        "entries": report.entries,
        "findings": len(report.findings),
        "omitted": report.omitted,
    }


def finding_fields(finding: "Finding") -> Plain:
    """One thing that is not as it was promised."""
    return {
        "type": "finding",
        "code": finding.code,
        "revision": finding.revision,
        "index": finding.index,
        "reference": finding.reference,
        "message": finding.message,
    }


def copying_fields(tenant: str, revision: int, until: int) -> Plain:
    """How far a copy is."""
    return {"type": "copying", "tenant": tenant, "revision": revision, "until": until}


def copied_fields(copied: "Copied") -> Plain:
    """What a copy came to; findings of the audit follow, one object each."""
    return {
        "type": "copied",
        "ok": copied.ok,
        "tenant": copied.report.tenant,
        "revision": copied.position.revision,
        "digest": copied.position.digest.hex(),
        "after": copied.after,
        "records": copied.records,
        "receipts": copied.receipts,
        "behind": copied.behind,
        "findings": len(copied.report.findings),
        "omitted": copied.report.omitted,
    }


def schema_fields(schema: "Schema", missing: int) -> Plain:
    """Which schema was found, and what is still missing."""
    return {
        "type": "schema",
        "ok": not missing,
        "found": schema.found,
        "newest": schema.newest,
        "missing": missing,
    }


def compaction_fields(done: "Compaction") -> Plain:
    """What a compaction did."""
    return {
        "type": "compaction",
        "floor": done.floor,
        "checkpoints": done.checkpoints,
        "payloads": done.payloads,
        "freed_bytes": done.freed_bytes,
    }


def forgetting_fields(done: "Forgetting") -> Plain:
    """What was forgotten of what turns were served."""
    return {"type": "forgetting", "floor": done.floor, "records": done.records}


def archival_fields(done: "Archival") -> Plain:
    """What an archive holds, and where the log now begins."""
    return {
        "type": "archival",
        "through": done.anchor.through,
        "digest": done.anchor.digest.hex(),
        "state": done.anchor.state.hex(),
        "file": done.anchor.file,
        "written": done.written,
        "deleted": done.deleted,
    }


def erasure_fields(done: "Erasure") -> Plain:
    """The receipt of an erasure."""
    return {
        "type": "erasure",
        "reference": str(done.reference),
        "revision": done.revision,
        "version": done.version,
        "digest": done.digest.hex(),
        "records": list(done.records),
        "lines": done.lines,
        "checkpoints": done.checkpoints,
        "review": [{"reference": str(each.reference), "edge": each.edge} for each in done.review],
        "unlisted": done.unlisted,
        "settled": done.settled,
    }
