"""Describe: a region's contract in words, so that nobody has to guess what it promises."""

from commonplace.core import access
from commonplace.core.reserved import Terms
from commonplace.errors import NotFound
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program, Statement


def describe_region(reader: Reader, key: EntryKey) -> Program[str]:
    """The contract at `key` (an entry of `_contracts`) as lines of text.

    Raises `AccessDenied`, or `NotFound` when there is no such region.
    """
    now = yield from reading.standing(reader.tenant)
    has = yield from reading.require_read(reader, now.access_revision, key)
    (entry,) = yield from reading.access_entries(reader, now.access_revision, (key,))
    if not entry.exists:
        raise NotFound(f"There is no region {key.key!r} in {key.namespace}. Create it first.")
    terms: Terms = entry.value
    lines = _promises(key, terms)
    lines.append(f"  you are       {reader.actor}, {has.tier.name.lower()}")
    if has.tier >= access.Tier.OWNER:
        grants = yield from _grants(reader, key)
        lines += [f"  shared with   {who}: {tier}" for who, tier in grants]
    return "\n".join(lines)


def _promises(key: EntryKey, terms: Terms) -> list[str]:
    contract, rule = terms.contract, terms.rule
    kind = "block (one text)" if contract.holds == "text" else "store (JSON by key)"
    named = contract.rule.name
    if contract.rule.parameters:
        named += "(" + ", ".join(f"{k}={v}" for k, v in contract.rule.parameters.items()) + ")"
    lines = [
        f"{key.namespace}:{key.key}",
        f"  holds         {kind}, at most {contract.max_bytes} bytes",
        f"  rule          {named} version {contract.rule.version}",
        f"  visibility    {contract.visibility}: every read sees every acknowledged commit",
    ]
    if rule is None:
        return [*lines, "  promise       unknown: this release does not have the rule"]
    return [
        *lines,
        f"  promise       {rule.promise}",
        f"  may lose      {rule.loses}",
        "  operations    "
        + ", ".join(f"{name} ({tier.name.lower()})" for name, tier in sorted(terms.tiers.items())),
        "  audit         every change is a record in the hash-chained log",
        "  deletion      leaves a tombstone; erase() removes bytes and says so",
        "  in partition  writes are refused with EngineUnavailable; nothing is merged later",
    ]


def _grants(reader: Reader, key: EntryKey) -> Program[list[tuple[str, str]]]:
    """Who was granted what over this region or its namespace."""
    page = [(reader.tenant, key.namespace, access.GRANTS, "", MAX_PAGE_ROWS)]
    (rows,) = yield (Statement("entry_page", page),)
    keys = [EntryKey(*row[1:4]) for row in rows]
    entries = yield from reading.entries(reader.tenant, keys)
    found = []
    for grant_key, entry in entries.items():
        region, slash, who = grant_key.key.rpartition("/")
        if not entry.exists or ">" in grant_key.key or (slash and region != key.key):
            continue
        where = "" if slash else " (whole namespace)"
        history = "" if entry.value["history"] else f", from revision {entry.revision} on"
        found.append((who, entry.value["tier"] + where + history))
    return found
