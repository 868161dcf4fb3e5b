"""Commonplace: shared memory for teams of LLM agents.

    import commonplace

    with commonplace.Memory("team.db", actor="supervisor") as memory:
        task = memory.create_task("q3", share={"web-1": "editor"})
        findings = task.create_block("findings")
        findings.append("Churn fell 12% in Q3.", reason="page 17")

Everything public is here; no deeper path is.

Names are imported when they are first used, so that `import commonplace` costs a command
line or a forked worker nothing that it does not need.
"""

from typing import TYPE_CHECKING

from commonplace import errors
from commonplace._lazy import lazy_import
from commonplace.errors import (
    AccessChanged,
    AccessDenied,
    AnchorNotFound,
    AnchorNotUnique,
    BudgetTooSmall,
    CascadeTooLarge,
    CommonplaceError,
    Compacted,
    ContractMismatch,
    DamagedFile,
    DamagedMemory,
    Deleted,
    DispatchSuperseded,
    EngineUnavailable,
    Erased,
    ExpectRequired,
    FollowerBehind,
    FollowerDiverged,
    ForeignTurn,
    ForkedMemory,
    FutureRevision,
    IdempotencyExpired,
    IdempotencyMismatch,
    InvalidInput,
    InvalidName,
    InvalidNamespace,
    InvalidReference,
    InvalidReport,
    InvalidValue,
    LimitExceeded,
    NestedUpdate,
    NewerSchema,
    NotAMemory,
    NotAuthor,
    NotFound,
    NotOwner,
    OutcomeUnknown,
    Refused,
    StaleTurn,
    TurnEnded,
    UnfitRecord,
    UnsafeStorage,
    VersionConflict,
)

if TYPE_CHECKING:
    from commonplace._async.block import AsyncBlock
    from commonplace._async.channel import AsyncChannel
    from commonplace._async.group_watch import AsyncGroupWatch
    from commonplace._async.memory import AsyncMemory
    from commonplace._async.scope import AsyncScope
    from commonplace._async.session import AsyncGroup
    from commonplace._async.snapshot import (
        AsyncPastBlock,
        AsyncPastChannel,
        AsyncPastScope,
        AsyncSnapshot,
    )
    from commonplace._async.turn import AsyncTurn
    from commonplace._async.watch import AsyncWatch
    from commonplace._sync.block import Block
    from commonplace._sync.channel import Channel
    from commonplace._sync.group_watch import GroupWatch
    from commonplace._sync.memory import Memory
    from commonplace._sync.scope import Scope
    from commonplace._sync.session import Group
    from commonplace._sync.snapshot import PastBlock, PastChannel, PastScope, Snapshot
    from commonplace._sync.turn import Turn
    from commonplace._sync.watch import Watch
    from commonplace.core.rules import (
        AppendOnly,
        CompareAndSet,
        LastWriterWins,
        Rule,
        SingleWriter,
        TextBlock,
    )
    from commonplace.explain.advice import Advice, Survey
    from commonplace.explain.bisect import Bisection
    from commonplace.explain.blame import BlameLine
    from commonplace.explain.describe import Description, Granted
    from commonplace.explain.diff import Diff, DiffLine, Hunk
    from commonplace.explain.lookup import CommitRecords, Passage
    from commonplace.explain.past.origin import Origin
    from commonplace.explain.reports.claims import Figure
    from commonplace.explain.reports.report import Citation, Problem, Sentence
    from commonplace.explain.reports.verification import CheckedCitation, Verification
    from commonplace.explain.timeline import Event, Timeline
    from commonplace.explain.why.consequences import Derivation
    from commonplace.explain.why.pickaxe import Changed, Pickaxe
    from commonplace.explain.why.why import Contribution, Occurrence, Why
    from commonplace.model.actor import Actor, Identity
    from commonplace.model.audit import AuditReport, Finding
    from commonplace.model.change import Change, Commit
    from commonplace.model.channel import Dispatch, Inbox, Reply
    from commonplace.model.contract import Bounded
    from commonplace.model.copied import Copied
    from commonplace.model.entry import Entry, Line
    from commonplace.model.namespace import Namespace, NamespacePrefix
    from commonplace.model.receipt import Position, Receipt
    from commonplace.model.record import Record
    from commonplace.model.reference import AtRevision, AtTime, AtVersion, Reference
    from commonplace.model.retention import (
        Anchor,
        Archival,
        Compaction,
        Erasure,
        Forgetting,
    )
    from commonplace.model.retraction import Notice, Retraction, Suspect
    from commonplace.storage.engine import Health
    from commonplace.storage.programs.provenance import Served

__version__ = "0.1.0"

__all__ = [
    "AccessChanged",
    "AccessDenied",
    "Actor",
    "Advice",
    "Anchor",
    "AnchorNotFound",
    "AnchorNotUnique",
    "AppendOnly",
    "Archival",
    "AsyncBlock",
    "AsyncChannel",
    "AsyncGroup",
    "AsyncGroupWatch",
    "AsyncMemory",
    "AsyncPastBlock",
    "AsyncPastChannel",
    "AsyncPastScope",
    "AsyncScope",
    "AsyncSnapshot",
    "AsyncTurn",
    "AsyncWatch",
    "AtRevision",
    "AtTime",
    "AtVersion",
    "AuditReport",
    "Bisection",
    "BlameLine",
    "Block",
    "Bounded",
    "BudgetTooSmall",
    "CascadeTooLarge",
    "Change",
    "Changed",
    "Channel",
    "CheckedCitation",
    "Citation",
    "Commit",
    "CommitRecords",
    "CommonplaceError",
    "Compacted",
    "Compaction",
    "CompareAndSet",
    "ContractMismatch",
    "Contribution",
    "Copied",
    "DamagedFile",
    "DamagedMemory",
    "Deleted",
    "Derivation",
    "Description",
    "Diff",
    "DiffLine",
    "Dispatch",
    "DispatchSuperseded",
    "EngineUnavailable",
    "Entry",
    "Erased",
    "Erasure",
    "Event",
    "ExpectRequired",
    "Figure",
    "Finding",
    "FollowerBehind",
    "FollowerDiverged",
    "ForeignTurn",
    "Forgetting",
    "ForkedMemory",
    "FutureRevision",
    "Granted",
    "Group",
    "GroupWatch",
    "Health",
    "Hunk",
    "IdempotencyExpired",
    "IdempotencyMismatch",
    "Identity",
    "Inbox",
    "InvalidInput",
    "InvalidName",
    "InvalidNamespace",
    "InvalidReference",
    "InvalidReport",
    "InvalidValue",
    "LastWriterWins",
    "LimitExceeded",
    "Line",
    "Memory",
    "Namespace",
    "NamespacePrefix",
    "NestedUpdate",
    "NewerSchema",
    "NotAMemory",
    "NotAuthor",
    "NotFound",
    "NotOwner",
    "Notice",
    "Occurrence",
    "Origin",
    "OutcomeUnknown",
    "Passage",
    "PastBlock",
    "PastChannel",
    "PastScope",
    "Pickaxe",
    "Position",
    "Problem",
    "Receipt",
    "Record",
    "Reference",
    "Refused",
    "Reply",
    "Retraction",
    "Rule",
    "Scope",
    "Sentence",
    "Served",
    "SingleWriter",
    "Snapshot",
    "StaleTurn",
    "Survey",
    "Suspect",
    "TextBlock",
    "Timeline",
    "Turn",
    "TurnEnded",
    "UnfitRecord",
    "UnsafeStorage",
    "Verification",
    "VersionConflict",
    "Watch",
    "Why",
    "__version__",
    "errors",
]

_HOMES = {
    "AsyncBlock": "commonplace._async.block",
    "AsyncChannel": "commonplace._async.channel",
    "AsyncGroupWatch": "commonplace._async.group_watch",
    "AsyncMemory": "commonplace._async.memory",
    "AsyncScope": "commonplace._async.scope",
    "AsyncGroup": "commonplace._async.session",
    "AsyncPastBlock": "commonplace._async.snapshot",
    "AsyncPastChannel": "commonplace._async.snapshot",
    "AsyncPastScope": "commonplace._async.snapshot",
    "AsyncSnapshot": "commonplace._async.snapshot",
    "AsyncTurn": "commonplace._async.turn",
    "AsyncWatch": "commonplace._async.watch",
    "Block": "commonplace._sync.block",
    "Channel": "commonplace._sync.channel",
    "GroupWatch": "commonplace._sync.group_watch",
    "Memory": "commonplace._sync.memory",
    "Scope": "commonplace._sync.scope",
    "Group": "commonplace._sync.session",
    "PastBlock": "commonplace._sync.snapshot",
    "PastChannel": "commonplace._sync.snapshot",
    "PastScope": "commonplace._sync.snapshot",
    "Snapshot": "commonplace._sync.snapshot",
    "Turn": "commonplace._sync.turn",
    "Watch": "commonplace._sync.watch",
    "AppendOnly": "commonplace.core.rules",
    "CompareAndSet": "commonplace.core.rules",
    "LastWriterWins": "commonplace.core.rules",
    "Rule": "commonplace.core.rules",
    "SingleWriter": "commonplace.core.rules",
    "TextBlock": "commonplace.core.rules",
    "Advice": "commonplace.explain.advice",
    "Survey": "commonplace.explain.advice",
    "Bisection": "commonplace.explain.bisect",
    "BlameLine": "commonplace.explain.blame",
    "Figure": "commonplace.explain.reports.claims",
    "Derivation": "commonplace.explain.why.consequences",
    "Description": "commonplace.explain.describe",
    "Granted": "commonplace.explain.describe",
    "Diff": "commonplace.explain.diff",
    "DiffLine": "commonplace.explain.diff",
    "Hunk": "commonplace.explain.diff",
    "CommitRecords": "commonplace.explain.lookup",
    "Passage": "commonplace.explain.lookup",
    "Origin": "commonplace.explain.past.origin",
    "Changed": "commonplace.explain.why.pickaxe",
    "Pickaxe": "commonplace.explain.why.pickaxe",
    "Citation": "commonplace.explain.reports.report",
    "Problem": "commonplace.explain.reports.report",
    "Sentence": "commonplace.explain.reports.report",
    "Event": "commonplace.explain.timeline",
    "Timeline": "commonplace.explain.timeline",
    "CheckedCitation": "commonplace.explain.reports.verification",
    "Verification": "commonplace.explain.reports.verification",
    "Contribution": "commonplace.explain.why.why",
    "Occurrence": "commonplace.explain.why.why",
    "Why": "commonplace.explain.why.why",
    "Actor": "commonplace.model.actor",
    "Identity": "commonplace.model.actor",
    "AuditReport": "commonplace.model.audit",
    "Finding": "commonplace.model.audit",
    "Change": "commonplace.model.change",
    "Commit": "commonplace.model.change",
    "Dispatch": "commonplace.model.channel",
    "Inbox": "commonplace.model.channel",
    "Reply": "commonplace.model.channel",
    "Bounded": "commonplace.model.contract",
    "Copied": "commonplace.model.copied",
    "Entry": "commonplace.model.entry",
    "Line": "commonplace.model.entry",
    "Namespace": "commonplace.model.namespace",
    "NamespacePrefix": "commonplace.model.namespace",
    "Position": "commonplace.model.receipt",
    "Receipt": "commonplace.model.receipt",
    "Record": "commonplace.model.record",
    "AtRevision": "commonplace.model.reference",
    "AtTime": "commonplace.model.reference",
    "AtVersion": "commonplace.model.reference",
    "Reference": "commonplace.model.reference",
    "Anchor": "commonplace.model.retention",
    "Archival": "commonplace.model.retention",
    "Compaction": "commonplace.model.retention",
    "Erasure": "commonplace.model.retention",
    "Forgetting": "commonplace.model.retention",
    "Notice": "commonplace.model.retraction",
    "Retraction": "commonplace.model.retraction",
    "Suspect": "commonplace.model.retraction",
    "Health": "commonplace.storage.engine",
    "Served": "commonplace.storage.programs.provenance",
}
"""Where each public name is defined; the imports above say the same to type checkers."""

if not TYPE_CHECKING:  # to a type checker, a module with __getattr__ has every name

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'commonplace' has no attribute {name!r}")
        value = globals()[name] = getattr(lazy_import(home), name)
        return value

    def __dir__() -> list[str]:
        return __all__
