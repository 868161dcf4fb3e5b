"""Shares: grants and contracts as drafts, checked."""

from collections.abc import Mapping

from commonplace.core import access
from commonplace.core.reserved import NAMESPACE, contract_key
from commonplace.core.rules import Rule
from commonplace.errors import InvalidValue, LimitExceeded
from commonplace.limits import MAX_SHARES
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey
from commonplace.model.names import check_name, check_region
from commonplace.model.namespace import Namespace, NamespacePrefix
from commonplace.storage.proposal import Draft, check_version, draft


def check_shares(share: object) -> dict[str, str]:
    """Shares with every actor and tier checked."""
    if not isinstance(share, Mapping):
        raise InvalidValue(f'share={share!r} is no mapping: use {{"web-1": "editor"}}.')
    if len(share) > MAX_SHARES:
        raise LimitExceeded(f"{len(share)} shares in one commit; {MAX_SHARES} fit.")
    for actor, tier in share.items():
        check_name(actor, "actor")
        if tier not in access.TIERS:
            raise InvalidValue(f"{tier!r} is no tier: use {', '.join(access.TIERS)}.")
    return dict(share)


def grant(key: EntryKey, tier: str, *, history: bool = True, reason: str = "") -> Draft:
    """One grant."""
    return draft(key, "grant", {"tier": tier, "history": history}, reason=reason)


def grants(
    namespace: Namespace, region: str | None, share: Mapping[str, str], history: bool, reason: str
) -> list[Draft]:
    """Grants over a namespace, or over one region of it."""
    where = str(namespace)
    if region is not None:
        check_region(region)
    return [
        grant(_grant_key(where, region, actor), tier, history=history, reason=reason)
        for actor, tier in check_shares(share).items()
    ]


def prefix_grants(prefix: NamespacePrefix, share: Mapping[str, str], reason: str) -> list[Draft]:
    """Grants over everything below a prefix."""
    return [
        grant(access.prefix_grant(prefix, actor), tier, reason=reason)
        for actor, tier in check_shares(share).items()
    ]


def revocation(namespace: Namespace, region: str | None, actor: str, reason: str) -> Draft:
    """Takes back the grant over a namespace or region."""
    check_name(actor, "actor")
    return draft(_grant_key(str(namespace), region, actor), "revoke", {}, reason=reason)


def prefix_revocation(prefix: NamespacePrefix, actor: str, reason: str) -> Draft:
    """Takes back the grant over everything below a prefix."""
    check_name(actor, "actor")
    return draft(access.prefix_grant(prefix, actor), "revoke", {}, reason=reason)


def founding(
    namespace: Namespace, founder: str, share: Mapping[str, str] | None, reason: str
) -> list[Draft]:
    """A new namespace, owned by its founder."""
    shares = {founder: "owner", **check_shares(share or {})}
    found = draft(EntryKey(str(namespace), NAMESPACE), "found", {}, reason=reason)
    return [found, *grants(namespace, None, shares, True, reason)]


def creation(
    namespace: Namespace,
    region: str,
    contract: Contract,
    rule: Rule,
    creator: str,
    share: Mapping[str, str] | None,
    reason: str,
) -> list[Draft]:
    """A new region under a contract, owned by its creator and by whom its rule names."""
    check_region(region)
    shares = {creator: "owner", **check_shares(share or {})}
    if rule.owner is not None:
        shares[check_name(rule.owner, "writer")] = "owner"
    key = contract_key(str(namespace), region)
    create = draft(key, "create", {"contract": contract.to_plain()}, reason=reason)
    return [create, *grants(namespace, region, shares, True, reason)]


def change(
    namespace: Namespace, region: str, contract: Contract, expect: int, reason: str
) -> Draft:
    """Another contract for a region."""
    check_version(expect, "expect")
    key = contract_key(str(namespace), check_region(region))
    return draft(key, "change", {"contract": contract.to_plain()}, expect=expect, reason=reason)


def _grant_key(namespace: str, region: str | None, actor: str) -> EntryKey:
    if region is None:
        return access.namespace_grant(namespace, actor)
    return access.region_grant(namespace, region, actor)
