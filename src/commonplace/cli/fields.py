"""Fields: what `--json` prints, value by value. The names are stable.

Each function gives one object; `type` says which. Times are in UTC, digests in hexadecimal,
references whole, so that each pastes into any command. What every field
means is in `cli.meanings`, which a test holds against what these functions give.
"""

from datetime import datetime
from typing import Any

from commonplace import (
    BlameLine,
    Change,
    Commit,
    CommitRecords,
    Description,
    Diff,
    DiffLine,
    Dispatch,
    Event,
    Hunk,
    Namespace,
    Origin,
    Passage,
    Position,
    Receipt,
    Record,
)

Plain = dict[str, Any]


def time_text(at: datetime) -> str:
    """A time in UTC to the microsecond; pastes into `--since` and behind `@`."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_fields(record: Record) -> Plain:
    """A record of the log."""
    return {
        "type": "record",
        "revision": record.revision,
        "index": record.index,
        "at": time_text(record.at),
        "actor": record.actor.name,
        "identity": record.actor.identity.value,
        "operation": record.operation,
        "reference": str(record.reference),
        "namespace": record.entry.namespace,
        "region": record.region,
        "key": record.entry.key,
        "version": record.version,
        "kind": record.kind,
        "reason": record.reason,
        "based_on": list(record.based_on),
        "trace": record.trace,
        "turn": record.turn,
        "deletes": record.dead,
        "size_bytes": record.size_bytes,
        "arguments": record.arguments,
        "digest": record.digest.hex(),
    }


def entry_fields(passage: Passage) -> Plain:
    """An entry at a version, or some of its lines."""
    entry = passage.entry
    return {
        "type": "entry",
        "reference": str(passage.reference),
        "version": entry.version,
        "revision": entry.revision,
        "exists": entry.exists,
        "updated_by": entry.updated_by,
        "updated_at": time_text(entry.updated_at) if entry.version else None,
        "text": passage.text,
        "value": None if isinstance(entry.value, str) else entry.value,
        "lines": [
            {"number": number, "version": line.version, "text": line.text}
            for number, line in enumerate(passage.lines, start=passage.first)
        ],
    }


def event_fields(event: Event) -> Plain:
    """One event of a timeline."""
    return {
        "type": "event",
        "at": time_text(event.at),
        "revision": event.revision,
        "actor": event.actor,
        "what": event.what,
        "operation": event.operation,
        "reference": str(event.reference),
        "turn": event.turn,
        "reason": event.reason,
        "made_against": event.made_against or None,
        "code": event.code,
    }


def blame_fields(line: BlameLine) -> Plain:
    """A line and the record that put it there."""
    return {
        "type": "blame",
        "reference": str(line.reference),
        "number": line.number,
        "text": line.text,
        "version": line.version,
        "revision": line.revision,
        "at": time_text(line.at) if line.revision else None,
        "actor": line.actor,
        "operation": line.operation,
        "kind": line.kind,
        "reason": line.reason,
        "origins": None if line.origins is None else [origin_fields(each) for each in line.origins],
    }


def origin_fields(origin: Origin) -> Plain:
    """An older line that words came from, as a part of `blame`."""
    return {
        "relation": origin.relation,
        "reference": str(origin.reference),
        "text": origin.text,
        "version": origin.version,
        "actor": origin.record.actor.name if origin.record else None,
        "revision": origin.record.revision if origin.record else None,
        "depth": origin.depth,
    }


def commit_fields(commit: CommitRecords) -> Plain:
    """The commit of one revision; its records follow, one object each."""
    first = commit.records[0]
    return {
        "type": "commit",
        "revision": commit.revision,
        "at": time_text(first.at),
        "actor": first.actor.name,
        "records": len(commit.records),
        "hidden": commit.hidden,
        "digest": commit.records[-1].digest.hex(),
    }


def change_fields(change: Change, commit: Commit) -> Plain:
    """A change that a watch delivers."""
    return {
        "type": "change",
        "revision": commit.revision,
        "at": time_text(commit.at),
        "actor": change.actor,
        "operation": change.operation,
        "reference": str(change.reference),
        "old_version": change.old_version,
        "new_version": change.new_version,
        "kind": change.kind,
        "reason": change.reason,
        "trace": change.trace,
        "hidden": commit.hidden,
    }


def progress_fields(commit: Commit) -> Plain:
    """A progress mark: nothing asked for happened up to `revision`."""
    return {"type": "progress", "revision": commit.revision}


def diff_fields(diff: Diff) -> Plain:
    """A difference; no hunks when nothing changed."""
    return {
        "type": "diff",
        "old": str(diff.old),
        "new": str(diff.new),
        "hunks": [_hunk_fields(hunk) for hunk in diff.hunks],
    }


def _hunk_fields(hunk: Hunk) -> Plain:
    return {
        "old_start": hunk.old_start,
        "old_count": hunk.old_count,
        "new_start": hunk.new_start,
        "new_count": hunk.new_count,
        "lines": [_diff_line_fields(line) for line in hunk.lines],
    }


def _diff_line_fields(line: DiffLine) -> Plain:
    return {
        "sign": line.sign,
        "text": line.text,
        "version": line.version,
        "reference": str(line.reference),
    }


def position_fields(position: Position) -> Plain:
    """Where the log stands."""
    return {"type": "position", "revision": position.revision, "digest": position.digest.hex()}


def receipt_fields(reference: str, receipt: Receipt) -> Plain:
    """What a writer gets back."""
    return {
        "type": "receipt",
        "reference": reference,
        "version": receipt.version,
        "revision": receipt.revision,
        "at": time_text(receipt.at),
        "digest": receipt.digest.hex(),
        "moved": receipt.moved,
        "unchanged": receipt.unchanged,
        "repeated": receipt.repeated,
    }


def region_fields(region: Description) -> Plain:
    """A region's contract and who may do what."""
    contract = region.contract
    return {
        "type": "region",
        "reference": str(region.reference),
        "holds": contract.holds,
        "rule": contract.rule.name,
        "rule_version": contract.rule.version,
        "rule_parameters": dict(contract.rule.parameters),
        "max_bytes": contract.max_bytes,
        "visibility": str(contract.visibility),
        "contract_version": region.contract_version,
        "promise": region.promise,
        "loses": region.loses,
        "operations": dict(region.operations),
        "actor": region.actor,
        "tier": region.tier,
        "shared_with": [granted._asdict() for granted in region.shared_with],
        "writer": region.writer,
        "waiting": dict(region.waiting),
    }


def dispatch_fields(dispatch: Dispatch) -> Plain:
    """A dispatch, with its reply once there is one."""
    return {
        "type": "dispatch",
        "reference": str(dispatch.reference),
        "channel": str(dispatch.channel),
        "id": dispatch.id,
        "revision": dispatch.revision,
        "at": time_text(dispatch.at),
        "state": dispatch.state,
        "to": dispatch.to,
        "payload": dispatch.payload,
        "pin": dispatch.pin,
        "reply": None if dispatch.reply is None else dispatch.reply.payload,
        "read": dispatch.read,
        "stands": dispatch.stands,
        "stale": dispatch.stale,
        "follows": dispatch.follows,
        "since": dispatch.since,
        "difference": dispatch.difference,
        "by": dispatch.by,
        "committed": dispatch.committed,
    }


def namespace_fields(namespace: Namespace) -> Plain:
    """A namespace."""
    return {"type": "namespace", "namespace": str(namespace)}
