"""decide: the one place where it is settled what happens to a proposal.

A pure function of the state named and the group proposed. Faces, engines, servers and
tests all come here; nothing in SQL and nothing in a face repeats a rule of it.

The order of the questions is the order of the answers' precedence: is it well-formed; was
this asked before; may it still be asked; do the guards hold; and for each write, with the
effects of those before it in place: may this actor, is there such a region, does its contract
have the operation, does `expect` hold, does the rule agree, does the operation apply, is it
within limits. The first "no" refuses the whole group.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from commonplace import limits
from commonplace.core import access, exchange, refusals, reserved
from commonplace.core.access import Reach, Tier
from commonplace.core.attempting import dead_or_absent, expectation, moved, size_of
from commonplace.core.fold import OF_RECORDS, OPERATIONS, after_erasure, step_after
from commonplace.core.operation import Operation
from commonplace.core.rules import Attempt, Rule, SingleWriter
from commonplace.core.rules.rule import unread
from commonplace.core.state import MISSING, EntryState, State
from commonplace.core.taking_back import TAKING_BACK
from commonplace.core.verdict import Duplicate, Refusal
from commonplace.core.wellformed import malformed
from commonplace.model.channel import dispatch_key
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import escape
from commonplace.model.write import Write, WriteGroup


class Effect(NamedTuple):
    """One record to append, and the entry before and after it."""

    write: Write
    before: EntryState
    after: EntryState


class Outcome(NamedTuple):
    """How one write ended: its record's place in the commit, or unchanged without one."""

    place: int
    version: int
    moved: bool = False
    unchanged: bool = False


class Accept(NamedTuple):
    """The group stands: its effects in order, and one outcome per write."""

    effects: tuple[Effect, ...]
    outcomes: tuple[Outcome, ...]


Decision = Accept | Duplicate | Refusal


def decide(state: State, group: WriteGroup, now_us: int) -> Decision:
    """Settle one proposal against `state`, while the engine's clock says `now_us`.

    That clock may jump, forwards and back: it judges the age of a key and nothing else, and
    a key as old as one that was swept is refused whatever it says.

    `state.entries` must hold the group's footprint (`core.footprint`). Nothing is changed;
    the caller folds the effects in (`advance`) before it asks about the next group.
    """
    refusal = malformed(group)
    if refusal is not None:
        return refusal
    repeat = state.repeats.get((group.actor.name, group.key))
    if repeat is not None:
        same = repeat.fingerprint == group.fingerprint
        return repeat.outcome if same else refusals.mismatch(group)
    if group.key_time_us is not None:
        age_us = now_us - group.key_time_us
        swept = group.key_time_us + limits.IDEMPOTENCY_LIFE_S * 1e6 <= state.swept_us
        if swept or age_us > limits.IDEMPOTENCY_LIFE_S * 1e6:
            return refusals.expired(age_us)
    return _Ruling(state, group).settle()


def advance(state: State, accept: Accept) -> None:
    """Fold an accepted group into the state, in place. The revision is the sealer's to move."""
    for effect in accept.effects:
        state.entries[effect.write.entry] = effect.after


@dataclass(slots=True)
class _Ruling:
    """The working of one decision: a view of the state that this group alone has changed."""

    state: State
    group: WriteGroup
    changed: dict[EntryKey, EntryState] = field(default_factory=dict)
    created: set[reserved.Place] = field(default_factory=set)
    stood: set[reserved.Place] = field(default_factory=set)
    effects: list[Effect] = field(default_factory=list)

    def settle(self) -> Accept | Refusal:
        for guard in self.group.guards:
            refusal = self._guard(guard.entry, guard.version)
            if refusal:
                return refusal
        outcomes = []
        for number, write in enumerate(self.group.writes):
            outcome = self._write(write)
            if isinstance(outcome, Refusal):
                return replace(outcome, write=number)
            outcomes.append(outcome)
        return Accept(tuple(self.effects), tuple(outcomes))

    def _entry(self, key: EntryKey) -> EntryState:
        return self.changed[key] if key in self.changed else self.state.entries[key]

    def _reach(self, namespace: str, region: str) -> Reach:
        actor = self.group.actor.name
        if self.created and not self.created.isdisjoint({(namespace, ""), (namespace, region)}):
            return access.OWNS
        if namespace == access.private_namespace(actor):
            return access.OWNS
        keys, entries = access.grant_keys(actor, namespace, region), self.state.entries
        if self.changed:
            return access.reach([self._entry(key) for key in keys])
        return access.reach([entries[key] for key in keys])

    def _guard(self, key: EntryKey, version: int) -> Refusal | None:
        place = reserved.judged_at(key)
        reach = self._reach(*place)
        if reach.tier < Tier.READER:
            return refusals.denied(self.group.actor.name, "read", place, reach.tier, Tier.READER)
        entry = self._entry(key)
        stands = entry.version if entry.exists else 0
        if version in {entry.version, stands}:
            return None
        return refusals.guard_failed(key, version, stands)

    def _write(self, write: Write) -> Outcome | Refusal:
        if reserved.is_reserved(write.entry.region):
            return self._reserved_write(write)
        write = self._in_group(write)
        namespace, region, _ = write.entry
        reach = self._reach(namespace, region)
        place = reserved.Place(namespace, region)
        if reach.tier == Tier.NONE:
            return self._denied(write, place, reach.tier, Tier.READER)
        terms = self._entry(reserved.contract_key(namespace, region)).value
        if terms is None:
            return refusals.no_region(namespace, region)
        if terms.rule is None:
            return refusals.unknown_rule(write, terms)
        operation = OPERATIONS[write.operation]
        speaks = write.operation in OF_RECORDS
        needed = self._taking(write, operation) if speaks else terms.tiers.get(write.operation)
        if isinstance(needed, Refusal):
            return needed
        if needed is None:
            return refusals.not_in_contract(write, terms)
        if write.entry.key and terms.contract.holds == "text":
            return refusals.keyed_text(write)
        entry = self._entry(write.entry)
        attempt = Attempt(entry, write, self.group.actor.name)
        if reach.tier < needed:
            if write.operation in TAKING_BACK:
                return refusals.not_author(write, self._authors(write), reach.tier, needed)
            return self._rule_owner(attempt, terms.rule) or self._denied(
                write, place, reach.tier, needed
            )
        refusal = dead_or_absent(attempt, operation, terms) or expectation(attempt)
        if refusal is None and not speaks:
            refusal = terms.rule.refuse(attempt)
        return refusal or self._apply(write, operation, terms.contract.max_bytes)

    def _in_group(self, write: Write) -> Write:
        """The write, with what this very group did to its entry counted as the writer's own."""
        if write.entry not in self.changed or write.arguments.get("base") is None:
            return write
        first = self.state.entries[write.entry].version + 1
        made = range(first, self.changed[write.entry].version + 1)
        own = {*write.arguments.get("own", ()), *made}
        return replace(write, arguments={**write.arguments, "own": sorted(own)})

    def _taking(self, write: Write, operation: Operation) -> Tier | Refusal:
        """The tier it takes to speak of records; who wrote all of them takes them back himself."""
        if write.operation not in TAKING_BACK:
            return operation.tier
        authors = self._authors(write)
        if None in authors or not authors:
            return refusals.never_written(write)
        own = authors == {self.group.actor.name}
        return Tier.CONTRIBUTOR if own else operation.tier

    def _authors(self, write: Write) -> set[str | None]:
        versions = write.arguments["versions"]
        return {self.state.authors.get((write.entry, version)) for version in versions}

    def _rule_owner(self, attempt: Attempt, rule: Rule) -> Refusal | None:
        """A single writer's name is worth more to a refused reader than a missing tier."""
        return rule.refuse(attempt) if rule.owner is not None else None

    def _reserved_write(self, write: Write) -> Outcome | Refusal:
        operation = OPERATIONS[write.operation]
        if not reserved.allowed(write.entry.region, write.operation):
            return Refusal("contract_mismatch", f"Not written. {write.entry.region} is reserved.")
        if write.entry.region == reserved.DISPATCHES:
            return self._exchange(write, operation)
        entry = self._entry(write.entry)
        if write.operation in reserved.CREATES:
            if entry.exists:
                return self._created_before(write, entry)
            refusal = self._may_create(write)
        else:
            place = reserved.judged_at(write.entry)
            if write.operation == "grant" and place in self.stood:
                return self._shared_before(write, entry)
            refusal = self._may(write, place, operation.tier)
        attempt = Attempt(entry, write, self.group.actor.name)
        if refusal is None and write.operation == "change":
            gone = refusals.no_region(write.entry.namespace, write.entry.key)
            refusal = unread(attempt) if entry.exists else gone
        refusal = refusal or expectation(attempt)
        if refusal is None and write.operation in {"create", "change"}:
            refusal = self._terms(write)
        if refusal is None and write.operation == "grant" and "/" in write.entry.key:
            refusal = self._second_writer(write)
        if refusal:
            return refusal
        if entry.exists and self._gives_up(write, entry):
            return refusals.own_grant(write)
        same = write.operation == "grant" and entry.value == write.arguments
        if (entry.exists and same) or (not entry.exists and write.operation == "revoke"):
            return Outcome(-1, entry.version, unchanged=True)
        if write.operation in reserved.CREATES:
            self.created.add(reserved.made_by(write.entry))
        return self._apply(write, operation, limits.MAX_VALUE_BYTES)

    def _exchange(self, write: Write, operation: Operation) -> Outcome | Refusal:
        """A write to a dispatch: its channel's grants and contract decide, and who it went to."""
        place = reserved.judged_at(write.entry)
        refusal = self._may(write, place, Tier.READER)
        if refusal:
            return refusal
        terms = self._entry(reserved.contract_key(*place)).value
        if terms is None:
            return refusals.no_region(*place)
        if terms.rule is None:
            return refusals.unknown_rule(write, terms)
        attempt = Attempt(self._entry(write.entry), write, self.group.actor.name)
        if write.operation == "erase":
            refusal = self._may(write, place, operation.tier) or expectation(attempt)
            return refusal or self._apply(write, operation, limits.MAX_VALUE_BYTES)
        channel = EntryKey(*place)
        follows = write.arguments.get("follows")
        followed = self._entry(dispatch_key(channel, follows)) if follows else None
        published, head = self._entry(channel).version, self.state.revision
        refusal = exchange.refuse(attempt, terms.rule, published, head, followed)
        refusal = refusal or self._may(write, place, operation.tier) or expectation(attempt)
        return refusal or self._apply(write, operation, limits.MAX_VALUE_BYTES)

    def _second_writer(self, write: Write) -> Refusal | None:
        """Sharing makes nobody a second writer: that takes another contract, by name."""
        place = reserved.judged_at(write.entry)
        terms = self._entry(reserved.contract_key(*place)).value if place.region else None
        if terms is None or not isinstance(terms.rule, SingleWriter):
            return None
        writes = write.arguments["tier"] in {"contributor", "editor"}
        own = write.entry == access.region_grant(*place, terms.rule.writer)
        return refusals.second_writer(write, terms.rule.writer) if writes and not own else None

    def _gives_up(self, write: Write, stands: EntryState) -> bool:
        """Whether an owner takes its own grant back, which could leave a place without one."""
        own = write.entry.key.rpartition(">")[2].rpartition("/")[2] == escape(self.group.actor.name)
        if not own or write.operation not in {"grant", "revoke"}:
            return False
        return bool(stands.value["tier"] == "owner" and write.arguments.get("tier") != "owner")

    def _may(self, write: Write, place: reserved.Place, needs: Tier) -> Refusal | None:
        has = self._reach(*place).tier
        return None if has >= needs else self._denied(write, place, has, needs)

    def _may_create(self, write: Write) -> Refusal | None:
        """Whether the actor may create here. Says no more than that about what is not there."""
        namespace = write.entry.namespace
        place, needs = reserved.created_at(write.entry)
        if write.operation == "found":
            return None if namespace == access.TENANT else self._may(write, place, needs)
        refusal = self._may(write, place, needs)
        if refusal or access.is_private(namespace):
            return refusal
        founded = self._entry(reserved.namespace_key(namespace)).exists
        return None if founded else refusals.no_namespace(namespace)

    def _created_before(self, write: Write, stands: EntryState) -> Outcome | Refusal:
        """Creating what exists: nothing to do when it is the same, an error when it is not.

        An actor who may not read it is told what would be said if it did not exist.
        """
        made = reserved.made_by(write.entry)
        if self._reach(*made).tier < Tier.READER:
            place, needs = reserved.created_at(write.entry)
            return self._may(write, place, needs) or self._denied(
                write, reserved.Place(made.namespace, ""), Tier.NONE, Tier.READER
            )
        if (
            write.operation == "create"
            and stands.value.contract.to_plain() != write.arguments["contract"]
        ):
            return refusals.differs(write, "another contract", "Open it, or use change_contract().")
        self.stood.add(made)
        return Outcome(-1, stands.version, unchanged=True)

    def _shared_before(self, write: Write, stands: EntryState) -> Outcome | Refusal:
        """A share that came with creating what exists: it changes none, and must be the same.

        The creator's own is left out: whoever opens a region by creating it need not own it.
        """
        own = write.entry.key.rpartition("/")[2] == escape(self.group.actor.name)
        if own or (stands.exists and stands.value == write.arguments):
            return Outcome(-1, stands.version, unchanged=True)
        return refusals.differs(write, "other shares", "Use share() to change them.")

    def _terms(self, write: Write) -> Refusal | None:
        """Whether the entries of a region can live under the contract proposed."""
        terms = reserved.Terms.of(write.arguments["contract"])
        stands = self._entry(write.entry)
        if stands.exists and stands.value.contract.holds != terms.contract.holds:
            return refusals.differs(
                write, f"{stands.value.contract.holds} entries", "That cannot change."
            )
        block = self._entry(EntryKey(write.entry.namespace, write.entry.key))
        if block.version:
            return reserved.unsatisfied(terms, block.size_bytes, block.value, block.exists)
        return reserved.unsatisfied(terms, 0, None, exists=False)

    def _apply(self, write: Write, operation: Operation, max_bytes: int) -> Outcome | Refusal:
        before = self._entry(write.entry)
        version, revision, index = before.version + 1, self.state.revision + 1, len(self.effects)
        if before.value is MISSING and not operation.whole:
            assert operation.grows_bytes is not None, "the footprint asked for this value"
            value, size = MISSING, before.size_bytes + operation.grows_bytes(write.arguments)
        else:
            value = operation.apply(before.value, write.arguments, version)
            if isinstance(value, Refusal):
                return replace(value, facts={**value.facts, "version": before.version})
            size = size_of(write, operation, before, value)
        speaks = write.operation in OF_RECORDS
        if size > max_bytes and size > before.size_bytes and not speaks:
            return refusals.too_large(write, size, max_bytes)
        after = step_after(
            before,
            operation,
            payload_bytes=len(write.payload),
            revision=revision,
            index=index,
            value=value,
            size_bytes=0 if operation.kills else size,
        )
        replaced = write.arguments.get("current") and "value" in write.arguments
        if speaks and not isinstance(value, tuple) and not replaced:
            after = after_erasure(before, after, write.arguments["current"], index)
        self.changed[write.entry] = after
        self.effects.append(Effect(write, before, after))
        return Outcome(index, version, moved=moved(write, before.version))

    def _denied(self, write: Write, place: reserved.Place, has: Tier, needs: Tier) -> Refusal:
        return refusals.denied(self.group.actor.name, write.operation, place, has, needs)
