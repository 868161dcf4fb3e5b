"""Describe: a region's contract in words, so that nobody has to guess what it promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from commonplace.core import access
from commonplace.core.reserved import Terms
from commonplace.core.rules import SingleWriter
from commonplace.core.state import EntryState
from commonplace.errors import NotFound
from commonplace.limits import MAX_PAGE_ROWS
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey
from commonplace.model.reference import Reference
from commonplace.storage.programs import exchange, reading
from commonplace.storage.programs.reading import Reader
from commonplace.storage.step import Program, Statement

_ALWAYS = {
    "audit": "every change is a record in the hash-chained log",
    "deletion": "leaves a tombstone; erase() removes bytes and says so",
    "in partition": "writes are refused with EngineUnavailable; nothing is merged later",
}
"""What every region promises, whatever its rule."""


class Granted(NamedTuple):
    """A grant: to whom, how far, and over what: a region, a namespace, or a prefix (`task/`).

    `since` is the first revision it shows; 0: all of them.
    """

    actor: str
    tier: str
    over: str
    since: int

    def __str__(self) -> str:
        since = f", from revision {self.since} on" if self.since else ""
        return f"{self.actor}: {self.tier} over {self.over}{since}"


@dataclass(frozen=True, slots=True)
class Description:
    """A region's contract and who may do what. `str` gives it in words.

    `contract_version` counts changes of the contract itself. `operations` gives the tier
    that each takes; `promise` and `loses` are the rule's own words, empty when this release
    does not have the rule. `shared_with` is only told to an owner. A channel has a `writer`,
    and `waiting` counts what is in whose inbox: for its writer replies, for others dispatches.
    """

    reference: Reference
    contract: Contract
    contract_version: int
    promise: str
    loses: str
    operations: Mapping[str, str]
    actor: str
    tier: str
    shared_with: tuple[Granted, ...]
    writer: str = ""
    waiting: Mapping[str, int] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """The rule as it would be written, `single_writer(writer=ada)`."""
        spec = self.contract.rule
        if not spec.parameters:
            return spec.name
        return spec.name + "(" + ", ".join(f"{k}={v}" for k, v in spec.parameters.items()) + ")"

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What there is to say, each with its name."""
        contract = self.contract
        holds = "block (one text)" if contract.holds == "text" else "store (JSON by key)"
        if self.writer:
            holds = f"channel (one {'text' if contract.holds == 'text' else 'JSON value'})"
        rows = [
            ("holds", f"{holds}, at most {contract.max_bytes} bytes"),
            *([("writer", f"{self.writer}; {self._inboxes}")] if self.writer else []),
            ("rule", f"{self.rule} version {contract.rule.version}"),
            ("visibility", f"{contract.visibility}: {_visible(contract)}"),
        ]
        if self.promise:
            operations = ", ".join(f"{name} ({tier})" for name, tier in self.operations.items())
            rows += [
                ("promise", self.promise),
                ("may lose", self.loses),
                ("operations", operations),
                *_ALWAYS.items(),
            ]
        else:
            rows.append(("promise", "unknown: this release does not have the rule"))
        rows.append(("you are", f"{self.actor}, {self.tier}"))
        return rows + [("shared with", str(granted)) for granted in self.shared_with]

    @property
    def _inboxes(self) -> str:
        """What waits for whom, in words."""
        told = [
            f"{count} {'reply waits' if count == 1 else 'replies wait'} for {name}"
            if name == self.writer
            else f"{count} {'dispatch waits' if count == 1 else 'dispatches wait'} for {name}"
            for name, count in self.waiting.items()
        ]
        return ", ".join(told) or "nothing waits for anybody"

    def __str__(self) -> str:
        lines = (f"  {name:<13} {value}" for name, value in self.rows)
        return "\n".join([str(self.reference), *lines])

    def markdown(self) -> str:
        """The same as a table, for a design review."""
        lines = (f"| {name} | {value.replace('|', chr(92) + '|')} |" for name, value in self.rows)
        return "\n".join([f"### `{self.reference}`", "", "| | |", "| --- | --- |", *lines])


def _visible(contract: Contract) -> str:
    """What a read is sure to see, in words."""
    if contract.visibility == "strong":
        return "every read sees every acknowledged commit; a follower says up to which"
    return "at the source as strong; a follower further behind waits, or refuses"


def describe(reader: Reader, key: EntryKey) -> Program[Description]:
    """Describe the region whose contract stands at `key`, an entry of `_contracts`.

    Raises `AccessDenied`, or `NotFound` when there is no such region.
    """
    now = yield from reading.standing(reader.tenant)
    has = yield from reading.require_read(reader, now.access_revision, key)
    (entry,) = yield from reading.access_entries(reader, now.access_revision, (key,))
    if not entry.exists:
        raise NotFound(f"There is no region {key.key!r} in {key.namespace}. Create it first.")
    terms: Terms = entry.value
    rule, entry_key = terms.rule, EntryKey(key.namespace, key.key)
    shared: list[Granted] = []
    if has.tier >= access.Tier.OWNER:
        shared = yield from _grants(reader, key)
    writer, waiting = "", dict[str, int]()
    if isinstance(rule, SingleWriter):
        writer = rule.writer
        for name, count in (yield from exchange.counts(reader.tenant, entry_key)).items():
            waiting[name or writer] = waiting.get(name or writer, 0) + count
    return Description(
        reference=entry_key.reference(),
        contract=terms.contract,
        contract_version=entry.version,
        promise=rule.promise if rule else "",
        loses=rule.loses if rule else "",
        operations={name: tier.name.lower() for name, tier in sorted(terms.tiers.items())},
        actor=reader.actor,
        tier=has.tier.name.lower(),
        shared_with=tuple(shared),
        writer=writer,
        waiting=waiting,
    )


def describe_region(reader: Reader, key: EntryKey) -> Program[str]:
    """The description of a region as lines of text; see `describe`."""
    return str((yield from describe(reader, key)))


def _grants(reader: Reader, key: EntryKey) -> Program[list[Granted]]:
    """Who was granted what over this region, its namespace, or a prefix that covers it."""
    namespace, region = key.namespace, key.key
    here = yield from _standing_grants(reader, namespace)
    above = yield from _standing_grants(reader, access.TENANT)
    covering = set(access.prefixes(namespace))
    found = []
    for (name, entry), is_above in [*((g, False) for g in here), *((g, True) for g in above)]:
        prefix, is_prefix, who = name.rpartition(">")
        over, is_region, last = who.rpartition("/")
        if is_prefix:
            if not is_above or prefix not in covering:
                continue
            where = prefix or "/"
        elif is_above or (is_region and over != region):
            continue
        else:
            where = f"{namespace}:{region}" if is_region else namespace
        since = 0 if entry.value["history"] else entry.revision
        found.append(Granted(unquote(last), entry.value["tier"], where, since))
    return found


def owners(reader: Reader) -> Program[list[str]]:
    """Who owns the tenant: whom to ask for access. Told to whoever has the memory open."""
    grants = yield from _standing_grants(reader, access.TENANT)
    return sorted(
        unquote(name)
        for name, entry in grants
        if entry.value["tier"] == "owner" and not {">", "/"} & set(name)
    )


def _standing_grants(reader: Reader, namespace: str) -> Program[list[tuple[str, EntryState]]]:
    """Every grant entry of a namespace that was not revoked, by its key."""
    found: list[tuple[str, EntryState]] = []
    after = ""
    while True:
        page = [(reader.tenant, namespace, access.GRANTS, after, MAX_PAGE_ROWS)]
        (rows,) = yield (Statement("entry_page", page),)
        keys = [EntryKey(*row[1:4]) for row in rows]
        entries = yield from reading.entries(reader.tenant, keys)
        found += [(each.key, entry) for each, entry in entries.items() if entry.exists]
        if len(rows) < MAX_PAGE_ROWS:
            return found
        after = keys[-1].key
