"""The reserved regions: contracts, grants, cursors and the rest are entries like any other.

They live beside the regions they speak of, under names no user may choose, so that they
are versioned, chained, watched and explained by the same machinery. This file says which
operations they have and what access each takes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from commonplace.core.access import GRANTS, TENANT, Tier, is_private
from commonplace.core.exchange import EXCHANGE_OPERATIONS
from commonplace.core.operation import Operation
from commonplace.core.rules import Rule, find_rule
from commonplace.core.text import joined
from commonplace.core.verdict import Refusal
from commonplace.model import channel
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey

NAMESPACE = "_namespace"
CONTRACTS = "_contracts"
CURSORS = "_cursors"
RETENTION = "_retention"
SERVED = "_served"
NOTICES = "_notices"
DISPATCHES = channel.DISPATCHES

ACCESS_REGIONS = frozenset({NAMESPACE, CONTRACTS, GRANTS})
"""Regions whose entries decide who may do what: a change of one moves `access_revision`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A stored contract with its rule found: the value of a `_contracts` entry."""

    contract: Contract
    rule: Rule | None
    tiers: Mapping[str, Tier]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Terms":
        """Read a stored contract. A rule of a newer release gives terms without a rule."""
        contract = Contract.from_plain(plain)
        rule = find_rule(contract.rule)
        return cls(contract, rule, rule.operations(contract.holds) if rule else {})


def contract_key(namespace: str, region: str) -> EntryKey:
    """Where a region's contract stands."""
    return EntryKey(namespace, CONTRACTS, region)


def namespace_key(namespace: str) -> EntryKey:
    """Where the founding of a namespace stands."""
    return EntryKey(namespace, NAMESPACE)


def is_reserved(region: str) -> bool:
    """Whether a region name is one of ours."""
    return region.startswith("_")


def is_said(region: str) -> bool:
    """Whether what is written to a region is said by somebody, and searched.

    Of the reserved ones that is what channels carry. `log_unsaid` of the schema asks the same.
    """
    return not is_reserved(region) or region == DISPATCHES


def _terms(value: Any, arguments: Mapping[str, Any], version: int) -> Terms:
    return Terms.of(arguments["contract"])


def _whole(value: Any, arguments: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    return arguments


def _nothing(value: Any, arguments: Mapping[str, Any], version: int) -> None:
    return None


def _operation(name: str, tier: Tier, apply: Any = _whole, *, kills: bool = False) -> Operation:
    return Operation(name, tier, apply, needs_value=False, whole=True, kills=kills)


RESERVED_OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        _operation("found", Tier.CONTRIBUTOR),
        _operation("create", Tier.EDITOR, _terms),
        _operation("change", Tier.OWNER, _terms),
        _operation("grant", Tier.OWNER),
        _operation("revoke", Tier.OWNER, _nothing, kills=True),
        _operation("move", Tier.READER),
        _operation("raise_floor", Tier.OWNER),
        _operation("checkpoint", Tier.OWNER),
        _operation("archive", Tier.OWNER),
        _operation("serve", Tier.OWNER),
        _operation("acknowledge", Tier.OWNER),
        *EXCHANGE_OPERATIONS.values(),
    )
}

_ALLOWED: Mapping[str, frozenset[str]] = {
    NAMESPACE: frozenset({"found"}),
    CONTRACTS: frozenset({"create", "change"}),
    GRANTS: frozenset({"grant", "revoke"}),
    CURSORS: frozenset({"move"}),
    RETENTION: frozenset({"raise_floor", "checkpoint", "archive"}),
    SERVED: frozenset({"serve"}),
    NOTICES: frozenset({"acknowledge"}),
    DISPATCHES: frozenset({*EXCHANGE_OPERATIONS, "erase"}),
}


CREATES = frozenset({"found", "create"})
"""Operations that make a place, and their writer its owner."""


class Place(NamedTuple):
    """Where access to a reserved entry is judged: a namespace, or one region of it."""

    namespace: str
    region: str


def judged_at(entry: EntryKey) -> Place:
    """The place whose grants decide over a write to (or a read of) this entry."""
    namespace, region, key = entry
    if region == CONTRACTS:
        return Place(namespace, key)
    if (region == GRANTS and "/" in key and ">" not in key) or region == DISPATCHES:
        return Place(namespace, key.partition("/")[0])
    return Place(namespace, "" if is_reserved(region) else region)


def made_by(entry: EntryKey) -> Place:
    """The place that an entry of `_namespace` or `_contracts` makes."""
    return Place(entry.namespace, entry.key)


def created_at(entry: EntryKey) -> tuple[Place, Tier]:
    """Where it is judged who may make a namespace or region, and the tier it takes.

    Namespaces take contributor of the tenant, `shared` its owner; a private one is its
    actor's alone. Regions take editor of their namespace.
    """
    if entry.region == CONTRACTS:
        return Place(entry.namespace, ""), RESERVED_OPERATIONS["create"].tier
    if is_private(entry.namespace):
        return Place(entry.namespace, ""), Tier.OWNER
    tier = Tier.OWNER if entry.namespace == "shared" else RESERVED_OPERATIONS["found"].tier
    return Place(TENANT, ""), tier


def allowed(region: str, operation: str) -> bool:
    """Whether a reserved region has this operation."""
    return operation in _ALLOWED.get(region, ())


def unsatisfied(terms: Terms, size: int, value: Any, exists: bool) -> Refusal | None:
    """Why an existing value cannot live under new terms, or None."""
    contract = terms.contract
    if terms.rule is None:
        return Refusal(
            "contract_mismatch",
            f"Not written. This release has no rule {contract.rule.name!r} "
            f"version {contract.rule.version} with these parameters.",
        )
    if not terms.tiers:
        return Refusal(
            "contract_mismatch",
            f"Not written. The rule {contract.rule.name} does not work on {contract.holds}.",
        )
    if exists and contract.holds == "text" and not isinstance(value, tuple):
        return Refusal("contract_mismatch", "Not written. The value there is no text.")
    if size > contract.max_bytes:
        return Refusal(
            "contract_mismatch",
            f"Not written. The value there has {size} bytes, {size - contract.max_bytes} more "
            f"than the new limit of {contract.max_bytes}.",
            {"limit": contract.max_bytes, "actual": size, "excess": size - contract.max_bytes},
        )
    return None


def to_plain(value: Any) -> Any:
    """A value of any region as plain data, as readers and digests see it."""
    if isinstance(value, tuple):
        return joined(value)
    if isinstance(value, Terms):
        return value.contract.to_plain()
    return value
