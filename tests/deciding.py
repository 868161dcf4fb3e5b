"""A tenant that is nothing but decisions: propose groups, and the accepted ones are sealed.

There is no engine here. `Tenant.propose` hands `decide` exactly the footprint it asks for,
gives out revisions and chains digests, and keeps the records.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from commonplace.core.access import namespace_grant, prefix_grant, region_grant
from commonplace.core.decide import Accept, Decision, Outcome, advance, decide
from commonplace.core.digest import commitment, genesis, link
from commonplace.core.footprint import footprint, taken_back
from commonplace.core.reserved import NAMESPACE, contract_key, to_plain
from commonplace.core.rules import Rule, TextBlock
from commonplace.core.state import MISSING, NEVER, Repeat, State
from commonplace.core.verdict import Duplicate, Refusal
from commonplace.model.actor import Actor
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import NamespacePrefix
from commonplace.model.receipt import Receipt
from commonplace.model.record import Body, Record
from commonplace.model.write import Guard, Write, WriteGroup
from commonplace.storage.codec import encode

TASK = "task/q3"
NOW_US = 1_800_000_000_000_000


def write(entry: EntryKey, operation: str, expect: int | None = None, **arguments: Any) -> Write:
    """One write, salted by what it says."""
    payload = encode(arguments)
    salt = sha256(repr((entry, operation)).encode() + payload).digest()[:16]
    bound = commitment(salt, payload, "")
    return Write(entry, operation, arguments, payload, salt, bound, expect)


def found(namespace: str) -> Write:
    return write(EntryKey(namespace, NAMESPACE), "found")


def contract(rule: Rule, holds: str = "text", **more: Any) -> dict[str, Any]:
    return Contract(holds, rule.spec, **more).to_plain()  # type: ignore[arg-type]


def create(
    region: str, rule: Rule, holds: str = "text", namespace: str = TASK, **more: Any
) -> Write:
    key = contract_key(namespace, region)
    return write(key, "create", contract=contract(rule, holds, **more))


def grant(
    actor: str, tier: str, region: str = "", namespace: str = TASK, *, history: bool = True
) -> Write:
    key = region_grant(namespace, region, actor) if region else namespace_grant(namespace, actor)
    return write(key, "grant", tier=tier, history=history)


def grant_over(prefix: NamespacePrefix, actor: str, tier: str) -> Write:
    return write(prefix_grant(prefix, actor), "grant", tier=tier, history=True)


def revoke(actor: str, region: str = "", namespace: str = TASK) -> Write:
    key = region_grant(namespace, region, actor) if region else namespace_grant(namespace, actor)
    return write(key, "revoke")


def block(region: str = "findings", namespace: str = TASK) -> EntryKey:
    return EntryKey(namespace, region)


def append(text: str, region: str = "findings", namespace: str = TASK) -> Write:
    return write(block(region, namespace), "append", text=text)


def group(
    actor: str,
    writes: Sequence[Write],
    guards: Mapping[EntryKey, int] | None = None,
    *,
    key: str = "k",
    key_time_us: int | None = None,
    tenant: str = "acme",
) -> WriteGroup:
    asked = sha256(repr([(w.entry, w.operation, w.payload, w.expect) for w in writes]).encode())
    pairs = tuple(Guard(entry, version) for entry, version in (guards or {}).items())
    return WriteGroup(tenant, Actor(actor), key, asked.digest(), tuple(writes), pairs, key_time_us)


class Tenant:
    """One tenant's state and log; `lead` founded it, and the task `q3` in it."""

    def __init__(self, *, founded: bool = True) -> None:
        self.state = State("acme", digest=genesis("acme"))
        self.log: list[Record] = []
        self.now_us = NOW_US
        self._keys = 0
        if founded:
            self.must("lead", found("tenant"), grant("lead", "owner", namespace="tenant"))
            self.must("lead", found(TASK), grant("lead", "owner"))

    def propose(
        self,
        actor: str,
        *writes: Write,
        guards: Mapping[EntryKey, int] | None = None,
        key: str | None = None,
        key_time_us: int | None = None,
        forget: bool = False,
    ) -> Decision:
        """Decide a group, and seal it if it is accepted. `forget`: values are not loaded."""
        self._keys += 1
        asked = group(actor, writes, guards, key=key or f"k{self._keys}", key_time_us=key_time_us)
        return self.decide(asked, forget=forget)

    def decide(self, asked: WriteGroup, *, forget: bool = False) -> Decision:
        needs: dict[EntryKey, bool] = {}
        for key, needed in footprint(asked):
            needs[key] = needs.get(key, False) or needed
        seen = State(**{name: getattr(self.state, name) for name in State.__slots__})
        seen.entries = {key: self.entry(key) for key in needs}
        seen.authors = {
            (record.entry, record.version): record.actor.name
            for record in self.log
            if (record.entry, record.version) in set(taken_back(asked))
        }
        if forget:
            for key, needed in needs.items():
                entry = seen.entries[key]
                if entry.exists and not needed:
                    seen.entries[key] = type(entry)(
                        **{n: getattr(entry, n) for n in entry.__slots__} | {"value": MISSING}
                    )
        decision = decide(seen, asked, self.now_us)
        if isinstance(decision, Accept):
            self._seal(asked, decision)
        return decision

    def _seal(self, asked: WriteGroup, accept: Accept) -> None:
        state = self.state
        if accept.effects:
            state.revision += 1
            state.at_us = self.now_us
        for index, effect in enumerate(accept.effects):
            step = effect.write
            record = Record(
                state.revision, index, state.at_us, asked.actor, asked.key, step.entry,
                effect.after.version, step.operation, step.kind, step.based_on, asked.trace,
                asked.turn, effect.after.dead, effect.after.size_bytes, step.commitment, b"",
                Body(step.salt, step.payload, step.reason),
            )  # fmt: skip
            state.digest = link(state.digest, record)
            self.log.append(record)
        advance(state, accept)
        receipts = tuple(
            Receipt(state.revision, max(o.place, 0), o.version, state.at_us, state.digest)
            for o in accept.outcomes
        )
        if accept.effects:
            state.repeats[asked.actor.name, asked.key] = Repeat(
                asked.fingerprint, Duplicate(receipts)
            )

    def must(self, actor: str, *writes: Write, **more: Any) -> tuple[Outcome, ...]:
        """Propose what has to be accepted."""
        decision = self.propose(actor, *writes, **more)
        assert isinstance(decision, Accept), decision
        return decision.outcomes

    def refused(self, actor: str, *writes: Write, **more: Any) -> Refusal:
        """Propose what has to be refused; nothing may have changed."""
        revision, digest = self.state.revision, self.state.digest
        decision = self.propose(actor, *writes, **more)
        assert isinstance(decision, Refusal), decision
        assert (self.state.revision, self.state.digest) == (revision, digest)
        return decision

    def entry(self, key: EntryKey) -> Any:
        return self.state.entries.get(key, NEVER)

    def text(self, region: str = "findings", namespace: str = TASK) -> str:
        return str(to_plain(self.entry(block(region, namespace)).value))

    def with_block(self, region: str = "findings", rule: Rule | None = None) -> "Tenant":
        """This tenant with one more block, owned by `lead`."""
        rule = rule or TextBlock()
        self.must("lead", create(region, rule), grant("lead", "owner", region))
        return self

    def with_store(self, region: str, rule: Rule) -> "Tenant":
        """This tenant with one more region of JSON entries."""
        self.must("lead", create(region, rule, "json"))
        return self

    def with_actors(self, region: str = "") -> "Tenant":
        """This tenant with an actor of each tier, named by it, over the task or one region."""
        tiers = ("reader", "contributor", "editor", "owner")
        self.must("lead", *(grant(tier, tier, region) for tier in tiers))
        return self
