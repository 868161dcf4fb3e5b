"""decide: the one place where it is settled what happens to a proposal.

A pure function of the state named and the group proposed. Faces, engines, servers and
tests all come here; nothing in SQL and nothing in a face repeats a rule of it.

The order of the questions is the order of the answers' precedence: was this asked before;
may it still be asked; do the guards hold; and for each write, with the effects of those
before it in place: may this actor, is there such a region, does its contract have the
operation, does `expect` hold, does the rule agree, does the operation apply, is it within
limits. The first "no" refuses the whole group.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from commonplace import limits
from commonplace.core import access, reserved
from commonplace.core.access import Reach, Tier
from commonplace.core.fold import OPERATIONS, after_erasure, step_after
from commonplace.core.operation import Operation
from commonplace.core.rules import Attempt, Rule
from commonplace.core.rules.rule import version_conflict
from commonplace.core.state import MISSING, EntryState, State
from commonplace.core.text import size_bytes
from commonplace.core.verdict import Duplicate, Refusal
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import escape
from commonplace.model.write import Write, WriteGroup


@dataclass(frozen=True, slots=True)
class Effect:
    """One record to append, and the entry before and after it."""

    write: Write
    before: EntryState
    after: EntryState


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one write ended: its record's index in the commit, or unchanged without one."""

    index: int
    version: int
    moved: bool = False
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Accept:
    """The group stands: its effects in order, and one outcome per write."""

    effects: tuple[Effect, ...]
    outcomes: tuple[Outcome, ...]


Decision = Accept | Duplicate | Refusal


def decide(state: State, group: WriteGroup, now_us: int) -> Decision:
    """Settle one proposal against `state` at engine time `now_us`.

    `state.entries` must hold the group's footprint (`core.footprint`). Nothing is changed;
    the caller folds the effects in (`advance`) before it asks about the next group.
    """
    repeat = state.repeats.get((group.actor.name, group.key))
    if repeat is not None:
        return repeat.outcome if repeat.fingerprint == group.fingerprint else _mismatch(group)
    if group.key_time_us is not None:
        age_us = now_us - group.key_time_us
        if age_us > limits.IDEMPOTENCY_LIFE_S * 1e6:
            return _expired(age_us)
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
    effects: list[Effect] = field(default_factory=list)

    def settle(self) -> Accept | Refusal:
        for guard in self.group.guards:
            refusal = self._guard(guard.entry, guard.version)
            if refusal:
                return refusal
        first = self.group.writes[0]
        if first.operation in {"found", "create"} and self._entry(first.entry).exists:
            return self._created_before(first)
        outcomes = []
        for number, write in enumerate(self.group.writes):
            outcome = self._write(write)
            if isinstance(outcome, Refusal):
                return replace(outcome, write=number)
            outcomes.append(outcome)
        return Accept(tuple(self.effects), tuple(outcomes))

    def _entry(self, key: EntryKey) -> EntryState:
        return self.changed.get(key) or self.state.entries[key]

    def _reach(self, namespace: str, region: str) -> Reach:
        actor = self.group.actor.name
        if self.created and not self.created.isdisjoint({(namespace, ""), (namespace, region)}):
            return access.OWNS
        if namespace == access.private_namespace(actor):
            return access.OWNS
        keys = access.grant_keys(actor, namespace, region)
        return access.reach(self._entry(key) for key in keys)

    def _guard(self, key: EntryKey, version: int) -> Refusal | None:
        place = reserved.judged_at(key)
        reach = self._reach(*place)
        if reach.tier < Tier.READER:
            return _denied(self.group.actor.name, "read", place, reach.tier, Tier.READER)
        entry = self._entry(key)
        stands = entry.version if entry.exists else 0
        if version in {entry.version, stands}:
            return None
        return Refusal(
            "version_conflict",
            f"Not written. The guard {key.reference(version)} no longer holds: "
            f"it is now @{stands}. Read it again, decide again, retry.",
            {"guard": str(key.reference()), "expect": version, "version": stands},
        )

    def _write(self, write: Write) -> Outcome | Refusal:
        if reserved.is_reserved(write.entry.region):
            return self._reserved_write(write)
        namespace, region, _ = write.entry
        reach = self._reach(namespace, region)
        place = reserved.Place(namespace, region)
        if reach.tier == Tier.NONE:
            return self._denied(write, place, reach.tier, Tier.READER)
        terms = self._entry(reserved.contract_key(namespace, region)).value
        if terms is None:
            return _no_region(namespace, region)
        if terms.rule is None:
            return _unknown_rule(write, terms)
        operation = OPERATIONS[write.operation]
        needed = operation.tier if write.operation == "erase" else terms.tiers.get(write.operation)
        if needed is None:
            return _not_in_contract(write, terms)
        entry = self._entry(write.entry)
        attempt = Attempt(entry, write, self.group.actor.name)
        if reach.tier < needed:
            return self._rule_owner(attempt, terms.rule) or self._denied(
                write, place, reach.tier, needed
            )
        refusal = _dead_or_absent(attempt, operation) or _expectation(attempt)
        if refusal is None and write.operation != "erase":
            refusal = terms.rule.refuse(attempt)
        return refusal or self._apply(write, operation, terms.contract.max_bytes)

    def _rule_owner(self, attempt: Attempt, rule: Rule) -> Refusal | None:
        """A single writer's name is worth more to a refused reader than a missing tier."""
        return rule.refuse(attempt) if rule.owner is not None else None

    def _reserved_write(self, write: Write) -> Outcome | Refusal:
        operation = OPERATIONS.get(write.operation)
        if operation is None or not reserved.allowed(write.entry.region, write.operation):
            return Refusal("contract_mismatch", f"Not written. {write.entry.region} is reserved.")
        place = reserved.judged_at(write.entry)
        judged = reserved.Place(place.namespace, "") if write.operation == "create" else place
        reach = self._reach(*judged)
        genesis = write.operation == "found" and write.entry.namespace == access.TENANT
        if reach.tier < operation.tier and not genesis:
            return self._denied(write, judged, reach.tier, operation.tier)
        entry = self._entry(write.entry)
        refusal = _expectation(Attempt(entry, write, self.group.actor.name)) or _misplaced(
            write, entry
        )
        if refusal:
            return refusal
        if entry.exists and entry.value == write.arguments and write.operation == "grant":
            return Outcome(-1, entry.version, unchanged=True)
        if write.operation == "revoke" and not entry.exists:
            return Outcome(-1, entry.version, unchanged=True)
        if write.operation in {"create", "change"}:
            refusal = self._terms(write)
            if refusal:
                return refusal
        if write.operation in {"found", "create"}:
            region = write.entry.key if write.operation == "create" else ""
            self.created.add(reserved.Place(write.entry.namespace, region))
        return self._apply(write, operation, limits.MAX_VALUE_BYTES)

    def _terms(self, write: Write) -> Refusal | None:
        """Whether the entries of a region can live under the contract proposed."""
        terms = reserved.Terms.of(write.arguments["contract"])
        stands = self._entry(write.entry)
        if stands.exists and stands.value.contract.holds != terms.contract.holds:
            return _differs(write, f"{stands.value.contract.holds} entries", "That cannot change.")
        block = self._entry(EntryKey(write.entry.namespace, write.entry.key))
        if block.version:
            return reserved.unsatisfied(terms, block.size_bytes, block.value, block.exists)
        return reserved.unsatisfied(terms, 0, None, exists=False)

    def _created_before(self, first: Write) -> Accept | Refusal:
        """Creating what exists: nothing to do when it is the same, an error when it is not."""
        place = reserved.judged_at(first.entry)
        if first.operation == "found":
            place = reserved.Place(first.entry.namespace, "")
        reach = self._reach(*place)
        if reach.tier < Tier.READER:
            return self._denied(first, place, reach.tier, Tier.READER)
        stands = self._entry(first.entry)
        if (
            first.operation == "create"
            and stands.value.contract.to_plain() != first.arguments["contract"]
        ):
            return _differs(first, "another contract", "Open it, or use change_contract().")
        own = escape(self.group.actor.name)
        for write in self.group.writes[1:]:
            granted = self._entry(write.entry)
            if write.entry.key.rpartition("/")[2] == own or (
                granted.exists and granted.value == write.arguments
            ):
                continue
            return _differs(first, "other shares", "Use share() to change them.")
        outcomes = [
            Outcome(-1, self._entry(w.entry).version, unchanged=True) for w in self.group.writes
        ]
        return Accept((), tuple(outcomes))

    def _apply(self, write: Write, operation: Operation, max_bytes: int) -> Outcome | Refusal:
        before = self._entry(write.entry)
        version, revision, index = before.version + 1, self.state.revision + 1, len(self.effects)
        if before.value is MISSING and not operation.whole:
            value, size = MISSING, before.size_bytes + operation.grows_bytes(write.arguments)
        else:
            value = operation.apply(before.value, write.arguments, version)
            if isinstance(value, Refusal):
                return replace(value, facts={**value.facts, "version": before.version})
            size = size_bytes(value) if isinstance(value, tuple) else len(write.payload)
        erasing = write.operation == "erase"
        if size > max_bytes and size > before.size_bytes and not erasing:
            return _too_large(write, size, max_bytes)
        after = step_after(
            before, operation, payload_bytes=len(write.payload), revision=revision, index=index
        )
        after = replace(after, value=value, size_bytes=0 if operation.kills else size)
        if erasing and not isinstance(value, tuple):
            after = after_erasure(before, after, write.arguments["current"], index)
        self.changed[write.entry] = after
        self.effects.append(Effect(write, before, after))
        return Outcome(index, version, moved=_moved(write, before.version))

    def _denied(self, write: Write, place: reserved.Place, has: Tier, needs: Tier) -> Refusal:
        return _denied(self.group.actor.name, write.operation, place, has, needs)


def footprint(group: WriteGroup) -> Iterator[tuple[EntryKey, bool]]:
    """Every entry a decision about `group` looks at, and whether it needs the value.

    May name a key more than once; the value is needed if any of them says so.
    """
    actor = group.actor.name
    for guard in group.guards:
        yield guard.entry, False
        for key in access.grant_keys(actor, *reserved.judged_at(guard.entry)):
            yield key, True
    for write in group.writes:
        operation = OPERATIONS.get(write.operation)
        region = write.entry.region
        needs_value = operation is None or operation.needs_value
        yield write.entry, needs_value or reserved.is_reserved(region)
        namespace, judged = reserved.judged_at(write.entry)
        for key in access.grant_keys(actor, namespace, judged):
            yield key, True
        if write.operation == "found":
            for key in access.grant_keys(actor, write.entry.namespace):
                yield key, True
        if region == reserved.CONTRACTS:
            yield EntryKey(write.entry.namespace, write.entry.key), True
        elif not reserved.is_reserved(region):
            yield reserved.contract_key(namespace, region), True


def _mismatch(group: WriteGroup) -> Refusal:
    return Refusal(
        "idempotency_mismatch",
        f"Not written. The idempotency key {group.key!r} was used for another request. "
        "Use a new key for a new request.",
        {"idempotency_key": group.key},
    )


def _expired(age_us: float) -> Refusal:
    return Refusal(
        "idempotency_expired",
        f"Not written. This key is {age_us / 3.6e9:.0f} hours old and keys live "
        f"{limits.IDEMPOTENCY_LIFE_S / 3600:.0f}: whether an earlier try landed is no longer "
        "known. Read the entry, then write with a new key.",
        {"life_s": limits.IDEMPOTENCY_LIFE_S},
    )


def _denied(actor: str, verb: str, place: reserved.Place, has: Tier, needs: Tier) -> Refusal:
    where = f"{place.namespace}:{place.region}" if place.region else place.namespace
    if has == Tier.NONE:
        message = f"Not allowed. {actor} has no access to {where}. Ask an owner to share it."
    else:
        message = (
            f"Not allowed. {actor} is {has.name.lower()} of {where}; "
            f"{verb} takes {needs.name.lower()}. Ask an owner to share it."
        )
    return Refusal("access_denied", message, {"actor": actor})


def _no_region(namespace: str, region: str) -> Refusal:
    return Refusal(
        "not_found",
        f"Not written. There is no region {region!r} in {namespace}. Create it first.",
    )


def _unknown_rule(write: Write, terms: reserved.Terms) -> Refusal:
    rule = terms.contract.rule
    return Refusal(
        "contract_mismatch",
        f"Not written. {write.entry.reference()} is under the rule {rule.name!r} version "
        f"{rule.version}, which this release does not know. Upgrade commonplace.",
    )


def _not_in_contract(write: Write, terms: reserved.Terms) -> Refusal:
    can = ", ".join(sorted(terms.tiers))
    return Refusal(
        "contract_mismatch",
        f"Not written. {write.operation} is not possible on {write.entry.reference()}, which is "
        f"{terms.contract.rule.name}: it takes {can}.",
        {"operations": sorted(terms.tiers)},
    )


def _dead_or_absent(attempt: Attempt, operation: Operation) -> Refusal | None:
    entry, write, _ = attempt
    if entry.dead and (operation.kills or not operation.whole) and write.operation != "erase":
        return Refusal(
            "deleted",
            f"Not written. {write.entry.reference()} was deleted in version {entry.version}. "
            f"An owner can bring it back with a rewrite or put and expect={entry.version}.",
            {"version": entry.version},
        )
    if entry.version == 0 and write.operation in {"delete", "erase"}:
        return Refusal("not_found", f"Not written. {write.entry.reference()} was never written.")
    return None


def _expectation(attempt: Attempt) -> Refusal | None:
    entry, write, _ = attempt
    if write.expect is None or write.expect == entry.version:
        return None
    if write.expect == 0 and not entry.exists:
        return None
    return version_conflict(attempt, write.expect)


def _misplaced(write: Write, entry: EntryState) -> Refusal | None:
    """Creating is for what is not there, changing for what is."""
    if write.operation in {"found", "create"} and entry.exists:
        return _differs(write, "other terms", "Create it in a commit of its own.")
    if write.operation == "change" and not entry.exists:
        return _no_region(write.entry.namespace, write.entry.key)
    return None


def _differs(first: Write, what: str, then: str) -> Refusal:
    name = first.entry.key or first.entry.namespace
    return Refusal("contract_mismatch", f"Not written. {name!r} exists with {what}. {then}")


def _too_large(write: Write, size: int, max_bytes: int) -> Refusal:
    return Refusal(
        "limit_exceeded",
        f"Not written. {write.entry.reference()} would have {size} bytes, {size - max_bytes} "
        f"more than its limit of {max_bytes}. Condense it, or write less.",
        {"limit": max_bytes, "actual": size, "excess": size - max_bytes},
    )


def _moved(write: Write, version: int) -> bool:
    read = write.arguments.get("base", write.arguments.get("through"))
    return read is not None and read < version
