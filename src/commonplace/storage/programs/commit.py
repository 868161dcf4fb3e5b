"""The commit of a batch: begin, tenant, load; decide each group in turn; store, commit.

This is the write path of every engine. `core.decide` settles each group against the state
as the groups before it have left it; here revisions are given out, digests chained, and
rows made. A batch is two steps when the cache is warm.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

import msgspec

from commonplace import limits
from commonplace.core.decide import Accept, Effect, decide
from commonplace.core.digest import link
from commonplace.core.fold import checkpointed, wants_checkpoint
from commonplace.core.reserved import ACCESS_REGIONS
from commonplace.core.state import MISSING, EntryState, Repeat, State
from commonplace.core.verdict import Accepted, Duplicate, Verdict
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.record import Body, Header, Record
from commonplace.model.write import WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.codec import encode_checkpoint
from commonplace.storage.programs.deriving import derived
from commonplace.storage.programs.indexing import is_due, keep_up
from commonplace.storage.programs.lines_left import made_lines
from commonplace.storage.programs.loading import load
from commonplace.storage.rows import entry_row, log_row
from commonplace.storage.step import Answer, Program, Row, Statement, Step

_encode_outcome = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Ledger:
    """What a batch has to store for one tenant, in the order it was decided.

    `repeats`: a key occurs twice in this batch, so that a later group may repeat an earlier one.
    """

    state: State
    repeats: bool
    records: list[Record] = field(default_factory=list)
    first: dict[EntryKey, EntryState] = field(default_factory=dict)
    last: dict[EntryKey, int] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    made: dict[int, str] = field(default_factory=dict)
    idempotency: list[Row] = field(default_factory=list)
    access_changed: bool = False


def commit_batch(
    groups: Sequence[WriteGroup],
    cache: StateCache,
    clock_us: Callable[[], int],
    also: Callable[[Sequence[Record]], Step] | None = None,
    *,
    index: bool = True,
) -> Program[list[Verdict]]:
    """Commit `groups` in order, each accepted, refused or found to be a repeat on its own.

    `also` adds statements to the storing step, given the records made (erasure needs it).
    `index` carries the text index on when that is due.
    """
    states = yield from load(groups, cache)
    keys = {(group.tenant, group.actor.name, group.key) for group in groups}
    ledgers = {state.tenant: Ledger(state, len(keys) < len(groups)) for state in states}
    now_us = clock_us()
    verdicts: list[Verdict] = []
    for group in groups:
        ledger = ledgers[group.tenant]
        at_us = max(now_us, ledger.state.at_us)
        decision = decide(ledger.state, group, now_us)
        if isinstance(decision, Accept):
            verdicts.append(_seal(ledger, group, decision, at_us))
        else:
            verdicts.append(decision)
    made = [ledger for ledger in ledgers.values() if ledger.records]
    due = [each for each in made if index and is_due(cache, each.state.tenant, each.records)]
    yield from _store(made, due, cache, now_us, also)
    return verdicts


def _seal(ledger: Ledger, group: WriteGroup, accept: Accept, at_us: int) -> Accepted:
    """Give an accepted group its revision and digests, and fold it into the state."""
    state = ledger.state
    if accept.effects:
        state.revision += 1
        state.at_us = at_us
    for index, effect in enumerate(accept.effects):
        _append(ledger, group, effect, index)
    receipts = tuple(
        Receipt(
            state.revision,
            max(outcome.place, 0),
            outcome.version,
            state.at_us,
            state.digest,
            outcome.moved,
            outcome.unchanged,
        )
        for outcome in accept.outcomes
    )
    if accept.effects:
        _remember(ledger, group, receipts)
    return Accepted(receipts)


def _append(ledger: Ledger, group: WriteGroup, effect: Effect, index: int) -> None:
    state, write, after = ledger.state, effect.write, effect.after
    header = Header(  # by position: this runs once for each record
        state.revision,
        index,
        state.at_us,
        group.actor,
        group.key,
        write.entry,
        after.version,
        write.operation,
        write.kind,
        write.based_on,
        group.trace,
        group.turn,
        after.dead,
        after.size_bytes,
        write.commitment,
    )
    body = Body(write.salt, write.payload, write.reason)
    state.digest = link(state.digest, header)
    number = len(ledger.records)
    ledger.records.append(Record(*header, state.digest, body))
    ledger.first.setdefault(write.entry, effect.before)
    ledger.last[write.entry] = number
    if write.operation == "replace":
        ledger.made[number] = made_lines(after.value, after.version)
    if (after.base_revision, after.base_index) == (state.revision, index):
        ledger.whole.add(number)
    if write.entry.region in ACCESS_REGIONS:
        ledger.access_changed = True
        state.access_revision = state.revision
    state.entries[write.entry] = after


def _remember(ledger: Ledger, group: WriteGroup, receipts: tuple[Receipt, ...]) -> None:
    outcome = _encode_outcome(
        [
            (r.revision, r.index, r.version, r.at_us, r.digest, r.moved, r.unchanged)
            for r in receipts
        ]
    )
    expires_us = None
    if group.key_time_us is not None:
        expires_us = group.key_time_us + int(limits.IDEMPOTENCY_LIFE_S * 1e6)
    state = ledger.state
    ledger.idempotency.append(
        (
            state.tenant,
            group.actor.name,
            group.key,
            group.fingerprint,
            state.at_us,
            expires_us,
            outcome,
        )
    )
    if not ledger.repeats:
        return
    repeated = tuple(
        Receipt(r.revision, r.index, r.version, r.at_us, r.digest, r.moved, r.unchanged, True)
        for r in receipts
    )
    state.repeats[group.actor.name, group.key] = Repeat(group.fingerprint, Duplicate(repeated))


def _store(
    ledgers: Sequence[Ledger],
    due: Sequence[Ledger],
    cache: StateCache,
    now_us: int,
    also: Callable[[Sequence[Record]], Step] | None,
) -> Generator[Step, Answer, None]:
    statements: list[Statement] = []
    for ledger in ledgers:
        statements += _statements(ledger, now_us)
        if also:
            statements += also(ledger.records)
    if not statements:
        yield (Statement("rollback"),)
        return
    if due:
        yield statements
        statements = []
    for ledger in due:
        yield from keep_up(cache, ledger.state.tenant, ledger.state.revision)
    yield (*statements, Statement("commit"))
    for ledger in ledgers:
        tenant = ledger.state.tenant
        if ledger.access_changed:
            continue
        for key in ledger.last:
            cache.keep(tenant, key, ledger.state.entries[key])


def _statements(ledger: Ledger, now_us: int) -> list[Statement]:
    state = ledger.state
    tenant = state.tenant
    checkpoints, dropped = _checkpoints(ledger)
    inserts: list[Row] = []
    updates: list[Row] = []
    namespaces: dict[str, Row] = {}
    for key in sorted(ledger.last):
        row = entry_row(tenant, key, state.entries[key])
        if ledger.first[key].version:
            updates.append(row)
        else:
            inserts.append(row)
            namespaces[key.namespace] = (tenant, key.namespace, state.revision)
    statements = [
        Statement(
            "log_insert",
            [
                log_row(
                    tenant,
                    record,
                    number in ledger.whole,
                    checkpoints.get(number),
                    ledger.made.get(number),
                )
                for number, record in enumerate(ledger.records)
            ],
        ),
        Statement("entry_insert", inserts),
        Statement("entry_update", updates),
        Statement("checkpoint_drop", dropped),
        Statement("namespace_insert", list(namespaces.values())),
        Statement("idempotency_insert", ledger.idempotency),
        *derived(tenant, ledger.records),
        Statement(
            "tenant_advance",
            [(tenant, state.revision, state.digest, state.at_us, state.access_revision)],
        ),
    ]
    if ledger.records[0].revision // limits.SWEEP_EVERY_REVISIONS != (
        (state.revision + 1) // limits.SWEEP_EVERY_REVISIONS
    ):
        sweep = [(tenant, now_us, limits.SWEEP_ROWS)]
        statements += Statement("tenant_swept", sweep), Statement("idempotency_sweep", sweep)
    return [statement for statement in statements if statement.rows]


def _checkpoints(ledger: Ledger) -> tuple[dict[int, bytes], list[Row]]:
    """Checkpoints for entries whose deltas have piled up, and the light ones they replace."""
    state = ledger.state
    made: dict[int, bytes] = {}
    dropped: list[Row] = []
    for key, number in ledger.last.items():
        entry, record = state.entries[key], ledger.records[number]
        if entry.value is MISSING or entry.dead or entry.deltas == 0:
            continue
        erasing = record.operation == "erase"
        if not (wants_checkpoint(entry) or erasing):
            continue
        made[number] = encode_checkpoint(entry.value)
        ledger.whole.add(number)
        before = ledger.first[key]
        if before.base_light and (before.base_revision, before.base_index) == (
            entry.base_revision,
            entry.base_index,
        ):
            dropped.append((state.tenant, *key, before.base_revision, before.base_index))
        state.entries[key] = checkpointed(entry, record.revision, record.index, kept=erasing)
    return made, dropped
