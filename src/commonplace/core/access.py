"""Who may do what: tiers, the grants that give them, and the default, which is nothing.

A grant is an entry of the reserved region `_grants`. Its key is the actor's name for the
whole namespace, `region/actor` for one region. In the tenant's own namespace a key
`prefix>actor` covers every namespace below the prefix.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from commonplace.core.state import EntryState
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import NamespacePrefix, escape

GRANTS = "_grants"
TENANT = "tenant"


class Tier(IntEnum):
    """How far a grant reaches; each tier includes those before it."""

    NONE = 0
    READER = 1
    CONTRIBUTOR = 2
    EDITOR = 3
    OWNER = 4


TIERS: Mapping[str, Tier] = {tier.name.lower(): tier for tier in Tier if tier}


def namespace_grant(namespace: str, actor: str) -> EntryKey:
    """Where the grant over a whole namespace stands."""
    return EntryKey(namespace, GRANTS, escape(actor))


def region_grant(namespace: str, region: str, actor: str) -> EntryKey:
    """Where the grant over one region stands."""
    return EntryKey(namespace, GRANTS, f"{region}/{escape(actor)}")


def prefix_grant(prefix: NamespacePrefix, actor: str) -> EntryKey:
    """Where the grant over all namespaces below a prefix stands."""
    return EntryKey(TENANT, GRANTS, f"{prefix}>{escape(actor)}")


def prefixes(namespace: str) -> Iterator[str]:
    """The text of every prefix that covers a namespace in text form."""
    yield ""
    parts = namespace.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth]) + "/"


@lru_cache(maxsize=8192)
def grant_keys(actor: str, namespace: str, region: str = "") -> tuple[EntryKey, ...]:
    """Every entry that could grant `actor` something here."""
    name = escape(actor)
    keys = [EntryKey(namespace, GRANTS, name)]
    if region:
        keys.append(EntryKey(namespace, GRANTS, f"{region}/{name}"))
    keys += [EntryKey(TENANT, GRANTS, f"{prefix}>{name}") for prefix in prefixes(namespace)]
    return tuple(keys)


class Reach(NamedTuple):
    """How far an actor may go at the head, and the first revision it may see."""

    tier: Tier
    since: int


NOTHING = Reach(Tier.NONE, 0)
OWNS = Reach(Tier.OWNER, 0)


@lru_cache(maxsize=8192)
def private_namespace(actor: str) -> str:
    """The text of the namespace that is the actor's own without any grant."""
    return f"agent/{escape(actor)}"


def is_private(namespace: str) -> bool:
    """Whether a namespace is some actor's own, which nobody has to found."""
    return namespace.startswith("agent/")


def reach(grants: Iterable[EntryState]) -> Reach:
    """The widest tier among grants, with the longest history that any of them gives.

    A grant's value is `{"tier": name, "history": bool}`; without history it shows what was
    committed from its own revision on. Absent and revoked grants give nothing.
    """
    tier, since = Tier.NONE, None
    for grant in grants:
        if grant.version == 0 or grant.dead:
            continue
        tier = max(tier, TIERS[grant.value["tier"]])
        starts = 0 if grant.value["history"] else grant.revision
        since = starts if since is None else min(since, starts)
    return Reach(tier, since or 0)
