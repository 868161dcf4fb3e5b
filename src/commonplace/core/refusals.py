"""Refusals: the words in which `decide` says no, written for a model as much as a person.

What happened, what stands now, what to do next; and nothing that the actor may not know.
"""

from collections.abc import Collection

from commonplace import limits
from commonplace.core.access import Tier
from commonplace.core.reserved import Place, Terms
from commonplace.core.verdict import Refusal
from commonplace.model.entry import EntryKey
from commonplace.model.write import Write, WriteGroup


def mismatch(group: WriteGroup) -> Refusal:
    """The key was used for another request."""
    return Refusal(
        "idempotency_mismatch",
        f"Not written. The idempotency key {group.key!r} was used for another request. "
        "Use a new key for a new request.",
        {"idempotency_key": group.key},
    )


def expired(age_us: float) -> Refusal:
    """The key is older than keys live."""
    return Refusal(
        "idempotency_expired",
        f"Not written. This key is {age_us / 3.6e9:.0f} hours old and keys live "
        f"{limits.IDEMPOTENCY_LIFE_S / 3600:.0f}: whether an earlier try landed is no longer "
        "known. Read the entry, then write with a new key.",
        {"life_s": limits.IDEMPOTENCY_LIFE_S},
    )


def denied(actor: str, verb: str, place: Place, has: Tier, needs: Tier) -> Refusal:
    """The actor's grants do not reach this far."""
    where = f"{place.namespace}:{place.region}" if place.region else place.namespace
    if has == Tier.NONE:
        message = f"Not allowed. {actor} has no access to {where}. Ask an owner to share it."
    else:
        message = (
            f"Not allowed. {actor} is {has.name.lower()} of {where}; "
            f"{verb} takes {needs.name.lower()}. Ask an owner to share it."
        )
    return Refusal("access_denied", message, {"actor": actor})


def not_author(write: Write, authors: Collection[str | None], has: Tier, needs: Tier) -> Refusal:
    """Somebody else wrote it, and the actor owns nothing here."""
    names = sorted(name for name in authors if name)
    return Refusal(
        "not_author",
        f"Not written. {write.operation} of {write.entry.reference()} takes {needs.name.lower()}, "
        f"or having written what is taken back: that was {', '.join(names)}, and you are "
        f"{has.name.lower()}. Ask one of them, or an owner.",
        {"authors": names},
    )


def guard_failed(entry: EntryKey, version: int, stands: int) -> Refusal:
    """A guard names a version that does not stand."""
    return Refusal(
        "version_conflict",
        f"Not written. The guard {entry.reference(version)} no longer holds: "
        f"it is now @{stands}. Read it again, decide again, retry.",
        {"guard": str(entry.reference()), "expect": version, "version": stands},
    )


def no_namespace(namespace: str) -> Refusal:
    """Nobody founded it."""
    return Refusal("not_found", f"Not written. There is no namespace {namespace}. Create it first.")


def no_region(namespace: str, region: str) -> Refusal:
    """There is no contract under that name."""
    return Refusal(
        "not_found",
        f"Not written. There is no region {region!r} in {namespace}. Create it first.",
    )


def unknown_rule(write: Write, terms: Terms) -> Refusal:
    """A newer release made the region."""
    rule = terms.contract.rule
    return Refusal(
        "contract_mismatch",
        f"Not written. {write.entry.reference()} is under the rule {rule.name!r} version "
        f"{rule.version}, which this release does not know. Upgrade commonplace.",
    )


def not_in_contract(write: Write, terms: Terms) -> Refusal:
    """The contract does not have the operation."""
    can = ", ".join(sorted(terms.tiers))
    return Refusal(
        "contract_mismatch",
        f"Not written. {write.operation} is not possible on {write.entry.reference()}, which is "
        f"{terms.contract.rule.name}: it takes {can}.",
        {"operations": sorted(terms.tiers)},
    )


def keyed_text(write: Write) -> Refusal:
    """A text has no keys."""
    block = write.entry._replace(key="").reference()
    return Refusal("contract_mismatch", f"Not written. {block} is one text: write to it whole.")


def deleted(write: Write, version: int, terms: Terms) -> Refusal:
    """There is only a tombstone."""
    name = write.entry.reference()
    back = next((word for word in ("rewrite", "put") if word in terms.tiers), None)
    if back is None:
        then = f"Its rule, {terms.contract.rule.name}, never brings one back: write to another."
    else:
        then = f"An owner can bring it back with {back} and expect={version}."
    return Refusal(
        "deleted",
        f"Not written. {name} was deleted in version {version}. {then}",
        {"version": version},
    )


def own_grant(write: Write) -> Refusal:
    """The last owner could be gone."""
    return Refusal(
        "contract_mismatch",
        f"Not written. An owner does not give up its own grant {write.entry.reference()}: make "
        "another owner, who can take it back.",
    )


def second_writer(write: Write, writer: str) -> Refusal:
    """Nobody becomes a writer of a channel by being shared with."""
    region = write.entry.key.partition("/")[0]
    where = EntryKey(write.entry.namespace, region).reference()
    return Refusal(
        "contract_mismatch",
        f"Not written. {where} has a single writer, {writer}, and sharing makes no second one: "
        "share it as reader (or owner, to administer it), or let more write by name, with "
        f"change_contract({region!r}, …).",
        {"owner": writer},
    )


def never_written(write: Write) -> Refusal:
    """There is nothing to take away."""
    return Refusal("not_found", f"Not written. {write.entry.reference()} was never written.")


def differs(first: Write, what: str, then: str) -> Refusal:
    """It exists already, and not as asked."""
    name = first.entry.key or first.entry.namespace
    return Refusal("contract_mismatch", f"Not written. {name!r} exists with {what}. {then}")


def too_large(write: Write, size: int, max_bytes: int) -> Refusal:
    """The entry would outgrow its limit."""
    return Refusal(
        "limit_exceeded",
        f"Not written. {write.entry.reference()} would have {size} bytes, {size - max_bytes} "
        f"more than its limit of {max_bytes}. Condense it, or write less.",
        {"limit": max_bytes, "actual": size, "excess": size - max_bytes},
    )
