"""Loading: the state that a batch's decisions look at, in as few steps as the cache allows."""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from commonplace.core.digest import genesis
from commonplace.core.fold import wants_checkpoint
from commonplace.core.footprint import footprint, taken_back
from commonplace.core.reserved import ACCESS_REGIONS
from commonplace.core.state import MISSING, NEVER, Repeat, State
from commonplace.core.verdict import Duplicate
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.write import WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.rows import entry_of, fold_rows
from commonplace.storage.step import Answer, Row, Statement, Step

_outcomes = msgspec.msgpack.Decoder(list[tuple[int, int, int, int, bytes, bool, bool]])


@dataclass(slots=True)
class Wanted:
    """What the groups of one tenant look at."""

    plain: dict[EntryKey, bool] = field(default_factory=dict)
    access: set[EntryKey] = field(default_factory=set)
    repeats: list[tuple[str, str]] = field(default_factory=list)
    versions: list[tuple[EntryKey, int]] = field(default_factory=list)


def wanted(groups: Iterable[WriteGroup]) -> dict[str, Wanted]:
    """The footprint of a batch by tenant. `plain` says whether an entry's value is needed."""
    tenants: dict[str, Wanted] = {}
    for group in groups:
        want = tenants.get(group.tenant)
        if want is None:
            want = tenants[group.tenant] = Wanted()
        want.repeats.append((group.actor.name, group.key))
        want.versions += taken_back(group)
        for key, needs_value in footprint(group):
            if key.region in ACCESS_REGIONS:
                want.access.add(key)
            elif needs_value or key not in want.plain:
                want.plain[key] = needs_value
    return tenants


def load(groups: Sequence[WriteGroup], cache: StateCache) -> Generator[Step, Answer, list[State]]:
    """Begin the transaction and load one state per tenant of the batch.

    One step when the cache still holds contracts, grants and the values needed; else a
    second one for those.
    """
    tenants = wanted(groups)
    _, locks, repeats, entries = yield _first_step(tenants)
    states = {row[0]: State(*row) for row in locks}
    for name in tenants:
        if name not in states:
            states[name] = State(name, digest=genesis(name))
    _take_repeats(states, repeats)
    rows = {(row[0], EntryKey(*row[1:4])): row[4:] for row in entries}
    missing: list[tuple[str, EntryKey]] = []
    for name, want in tenants.items():
        state = states[name]
        for key, needed in want.plain.items():
            entry = entry_of(rows[name, key], MISSING) if (name, key) in rows else NEVER
            state.entries[key] = entry
            if entry.exists and (needed or wants_checkpoint(entry)):
                held = cache.value(name, key, entry)
                if held is None:
                    missing.append((name, key))
                else:
                    state.entries[key] = held
        access = cache.access(name, state.access_revision)
        for key in want.access:
            if key in access:
                state.entries[key] = access[key]
            else:
                missing.append((name, key))
    if missing:
        yield from _load_missing(states, missing, cache)
    yield from _load_authors(states, tenants)
    return list(states.values())


def _first_step(tenants: dict[str, Wanted]) -> Step:
    repeats: list[Row] = [
        (name, actor, key) for name, want in tenants.items() for actor, key in want.repeats
    ]
    entries: list[Row] = [(name, *key) for name, want in tenants.items() for key in want.plain]
    return (
        Statement("begin_write"),
        Statement("tenant_lock", [(name,) for name in tenants]),
        Statement("idempotency_load", repeats),
        Statement("entry_load", entries),
    )


def _take_repeats(states: dict[str, State], rows: Sequence[Row]) -> None:
    for tenant, actor, key, fingerprint, outcome in rows:
        receipts = tuple(Receipt(*fields, repeated=True) for fields in _outcomes.decode(outcome))
        states[tenant].repeats[actor, key] = Repeat(fingerprint, Duplicate(receipts))


def _load_authors(
    states: dict[str, State], tenants: dict[str, Wanted]
) -> Generator[Step, Answer, None]:
    """Who wrote the versions that this batch takes back, which is seldom any."""
    for name, want in tenants.items():
        if want.versions:
            bindings = [(name, *key, version) for key, version in want.versions]
            (rows,) = yield (Statement("version_author", bindings),)
            states[name].authors = {(EntryKey(*row[:3]), row[3]): row[4] for row in rows}


def _load_missing(
    states: dict[str, State], missing: Sequence[tuple[str, EntryKey]], cache: StateCache
) -> Generator[Step, Answer, None]:
    bindings = [(name, *key) for name, key in missing]
    entries, records = yield (Statement("entry_load", bindings), Statement("value_load", bindings))
    folds: dict[tuple[str, EntryKey], list[Row]] = {}
    for row in records:
        folds.setdefault((row[0], EntryKey(*row[1:4])), []).append(row[4:])
    found = {(row[0], EntryKey(*row[1:4])): row[4:] for row in entries}
    for name, key in missing:
        entry = NEVER
        if (name, key) in found:
            entry = entry_of(found[name, key], fold_rows(folds[name, key]))
        states[name].entries[key] = entry
        if key.region in ACCESS_REGIONS:
            cache.access(name, states[name].access_revision)[key] = entry
        else:
            cache.keep(name, key, entry)
