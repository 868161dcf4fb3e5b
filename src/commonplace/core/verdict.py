"""Verdicts: how a proposal ends. Values, not exceptions, so that a batch has one answer each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commonplace.model.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was written. `code` is that of the error in `errors`; `write` says which one."""

    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    write: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Committed: one receipt per write of the group, in order."""

    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An earlier try with this key had landed; these are its receipts."""

    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """The commit was sent and its answer was lost. A retry with the same key settles it."""

    reason: str


Verdict = Accepted | Duplicate | Refusal | Unknown
