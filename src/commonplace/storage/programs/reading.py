"""Reading: entries at the head or at a place in the log, and pages of the log itself.

Access is judged here, by the grants at the head, inside the read that it guards: a pinned
read of the past is refused to an actor whose grant was revoked since.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any

from commonplace.core import access, reserved
from commonplace.core.access import Reach, Tier
from commonplace.core.digest import genesis
from commonplace.core.state import NEVER, EntryState
from commonplace.errors import (
    AccessDenied,
    Compacted,
    FollowerBehind,
    FutureRevision,
    NotFound,
)
from commonplace.limits import LAGGING_S
from commonplace.model.contract import Bounded, Contract
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import NamespacePrefix
from commonplace.model.receipt import Position
from commonplace.model.record import Record
from commonplace.storage.cache import MAX_VALUES
from commonplace.storage.engine import Lag
from commonplace.storage.programs.reader import ABSENT as ABSENT
from commonplace.storage.programs.reader import Found as Found
from commonplace.storage.programs.reader import Held
from commonplace.storage.programs.reader import Listed as Listed
from commonplace.storage.programs.reader import Reader as Reader
from commonplace.storage.programs.reader import Standing as Standing
from commonplace.storage.rows import entry_of, fold_rows, record_of
from commonplace.storage.step import Answer, Program, Row, Statement, Step

MAX_REACHES = 65_536
MAX_LINES_HELD = 4_096
WITHIN = "within"
"""A step that asks to go on once a follower is within a bound; whoever runs it there answers."""
END_OF_COMMIT = 2**31 - 1
"""A place after the last record of any commit."""


def standing(tenant: str) -> Program[Standing]:
    """Where the tenant stands."""
    (rows,) = yield (Statement("tenant_read", [(tenant,)]),)
    return Standing(*rows[0]) if rows else Standing(tenant, 0, 0, genesis(tenant), 0, 0)


def head(tenant: str) -> Program[Position]:
    """The newest revision and its digest."""
    now = yield from standing(tenant)
    return Position(now.revision, now.digest)


def entries(
    tenant: str, keys: Iterable[EntryKey]
) -> Generator[Step, Answer, dict[EntryKey, EntryState]]:
    """Entries at the head with their values."""
    wanted = list(keys)
    bindings = [(tenant, *key) for key in wanted]
    rows, records = yield (Statement("entry_load", bindings), Statement("value_load", bindings))
    folds: dict[EntryKey, list[Any]] = {}
    for row in records:
        folds.setdefault(EntryKey(*row[1:4]), []).append(row[4:])
    found = dict.fromkeys(wanted, NEVER)
    for row in rows:
        key = EntryKey(*row[1:4])
        found[key] = entry_of(row[4:], None if row[6] else fold_rows(folds[key]))
    return found


def access_entries(
    reader: Reader, access_revision: int, keys: tuple[EntryKey, ...]
) -> Generator[Step, Answer, list[EntryState]]:
    """Contracts and grants, from the cache while no grant and no contract has changed."""
    held = reader.cache.access(reader.tenant, access_revision)
    missing = [key for key in keys if key not in held]
    if missing:
        held.update((yield from entries(reader.tenant, missing)))
    return [held[key] for key in keys]


def reach(
    reader: Reader, access_revision: int, namespace: str, region: str
) -> Generator[Step, Answer, Reach]:
    """How far the reader may go in a region (or, with "", in the whole namespace).

    Raises `FollowerBehind` in a region whose bound a follower is past.
    """
    if reader.lag is not None and region:
        bound = yield from _bound(reader, access_revision, namespace, region)
        if bound is not None:
            raise _too_far(reader.lag(), bound, f"{namespace}:{region}")
    return (yield from _granted(reader, access_revision, namespace, region))


def fresh(reader: Reader, key: EntryKey) -> Generator[Step, Answer, None]:
    """Before anything else is read: wait until a follower is within the bound of the region."""
    if reader.lag is None or not _lags(reader.lag()):
        return
    now = yield from standing(reader.tenant)
    bound = yield from _bound(reader, now.access_revision, *reserved.judged_at(key))
    if bound is not None:
        yield (Statement(WITHIN, [(bound.seconds, bound.revisions)]),)


def _lags(lag: Lag) -> bool:
    return lag.revisions > 0 or lag.seconds >= LAGGING_S


def _bound(
    reader: Reader, access_revision: int, namespace: str, region: str
) -> Generator[Step, Answer, Bounded | None]:
    """The bound of a region that a follower is past."""
    assert reader.lag is not None
    lag = reader.lag()
    if not _lags(lag):
        return None
    key = reserved.contract_key(namespace, region)
    (entry,) = yield from access_entries(reader, access_revision, (key,))
    bound = entry.value.contract.visibility if entry.exists else None
    if not isinstance(bound, Bounded):
        return None
    return bound if lag.revisions > bound.revisions or lag.seconds > bound.seconds else None


def _too_far(lag: Lag, bound: Bounded, where: str) -> FollowerBehind:
    return FollowerBehind(
        f"Not read. {where} is {bound}, and this follower lacks {lag.revisions} revisions that it "
        f"knows of, and last lacked none {lag.seconds:.1f} s ago. Ask again, or at the source.",
        revisions=lag.revisions,
        seconds=lag.seconds,
    )


def _granted(
    reader: Reader, access_revision: int, namespace: str, region: str
) -> Generator[Step, Answer, Reach]:
    if namespace == access.private_namespace(reader.actor):
        return access.OWNS
    held = reader.reaches.get((access_revision, namespace, region))
    if held is None:
        keys = access.grant_keys(reader.actor, namespace, region)
        held = access.reach((yield from access_entries(reader, access_revision, keys)))
        if len(reader.reaches) >= MAX_REACHES:
            reader.reaches.clear()
        reader.reaches[access_revision, namespace, region] = held
    return held


def prefix_reach(
    reader: Reader, access_revision: int, prefix: NamespacePrefix
) -> Generator[Step, Answer, Reach]:
    """How far the reader may go over everything below a prefix."""
    keys = tuple(
        access.prefix_grant(NamespacePrefix(prefix.segments[:depth]), reader.actor)
        for depth in range(len(prefix.segments) + 1)
    )
    grants = yield from access_entries(reader, access_revision, keys)
    return access.reach(grants)


def require_read(
    reader: Reader, access_revision: int, key: EntryKey, at: int | None = None
) -> Generator[Step, Answer, Reach]:
    """The reader's reach, or `AccessDenied` when it may not read here (or not so far back)."""
    place = reserved.judged_at(key)
    has = yield from (reach if at is None else _granted)(reader, access_revision, *place)
    if has.tier < Tier.READER:
        where = f"{place.namespace}:{place.region}" if place.region else place.namespace
        raise AccessDenied(
            f"Not allowed. {reader.actor} has no access to {where}. Ask an owner to share it.",
            actor=reader.actor,
        )
    if at is not None and at < has.since:
        raise AccessDenied(
            f"Not allowed. It was shared with {reader.actor} at revision {has.since} without "
            "what came before.",
            actor=reader.actor,
        )
    return has


def require_tenant(reader: Reader, tier: Tier) -> Generator[Step, Answer, Standing]:
    """Where the tenant stands, or `AccessDenied` unless the reader has `tier` on the tenant."""
    now = yield from standing(reader.tenant)
    has = yield from reach(reader, now.access_revision, access.TENANT, "")
    if has.tier < tier:
        raise AccessDenied(
            f"Not allowed. This takes {tier.name.lower()} of the tenant, and {reader.actor} is "
            f"{has.tier.name.lower()}. Ask an owner: memory.share().",
            actor=reader.actor,
        )
    return now


def read_entry(reader: Reader, key: EntryKey) -> Program[Found]:
    """An entry at the head. Raises `AccessDenied`, and `NotFound` for an unknown region.

    A text that was read before is looked at first, and loaded again only if it has changed.
    """
    yield from fresh(reader, key)
    place = [(reader.tenant, *key)]
    held = reader.found.get(key)
    if held is not None:
        stands, heads = yield from _look(reader.tenant, place, held)
        if stands and stands[0][3] == held.digest:
            yield from require_read(reader, stands[0][5], key)
            return held.found
        if heads and heads[0][:2] == held.found[:2]:
            yield from require_read(reader, heads[0][2], key)
            # While others write, both are asked for at once; else whether anybody wrote at all.
            quiet = stands[0][1] == held.found.as_of
            found = held.found._replace(as_of=stands[0][1])
            reader.found[key] = Held(found, stands[0][3] if quiet else b"")
            return found
    (rows,) = yield (Statement("point_read", place),)
    access_revision = rows[0][2] if rows else 0
    yield from require_read(reader, access_revision, key)
    as_of = rows[0][0] if rows else 0
    if not rows or rows[0][3] is None:
        yield from _require_region(reader, access_revision, key)
        return ABSENT._replace(as_of=as_of)
    found = _found(rows, as_of)
    _remember(reader, key, found)
    return found


def _look(tenant: str, place: Sequence[Row], held: Held) -> Generator[Step, Answer, Answer]:
    """Where the tenant stands and, unless nobody wrote, what the entry is; in this order."""
    stands = Statement("tenant_read", [(tenant,)])
    heads = Statement("entry_head", place)
    if not held.digest:
        return (yield (stands, heads))
    (found,) = yield (stands,)
    if found and found[0][3] == held.digest:
        return found, ()
    return found, (yield (heads,))[0]


def _remember(reader: Reader, key: EntryKey, found: Found) -> None:
    # Texts alone: they are tuples, and nobody who was handed one can change it.
    if isinstance(found.value, tuple) and len(found.value) <= MAX_LINES_HELD:
        if len(reader.found) >= MAX_VALUES:
            reader.found.clear()
        reader.found[key] = Held(found)


def read_entry_at(
    reader: Reader, key: EntryKey, revision: int, place: int = END_OF_COMMIT
) -> Program[Found]:
    """An entry as it stood at a place in the log.

    Raises `FutureRevision` above the head, `Compacted` below the floor and `Erased` when
    bytes it needs were destroyed.
    """
    (rows,) = yield (Statement("pinned_read", [(reader.tenant, *key, revision, place)]),)
    head_revision, floor, access_revision = rows[0][:3] if rows else (0, 0, 0)
    yield from require_read(reader, access_revision, key, revision)
    check_revision(revision, head_revision, floor)
    if not rows or rows[0][3] is None:
        yield from _require_region(reader, access_revision, key)
        return ABSENT._replace(as_of=revision)
    return _found(rows, revision)


def version_at(tenant: str, key: EntryKey, revision: int) -> Program[int]:
    """The version of an entry at a revision; 0 before its first."""
    (rows,) = yield (Statement("version_at", [(tenant, *key, revision)]),)
    return int(rows[0][0]) if rows else 0


def read_version(reader: Reader, key: EntryKey, version: int) -> Program[Found]:
    """An entry as its version `version` left it. Raises `NotFound` when there is none."""
    now = yield from standing(reader.tenant)
    yield from require_read(reader, now.access_revision, key)
    (rows,) = yield (Statement("version_place", [(reader.tenant, *key, version)]),)
    if not rows:
        raise NotFound(f"{key.reference()} has no version {version}.", version=version)
    revision, place = rows[0]
    if revision >= now.floor:
        return (yield from read_entry_at(reader, key, revision, place))
    if (yield from _superseded(reader.tenant, key, version, now.floor)):
        raise _compacted(revision, now.floor)
    return (yield from read_entry_at(reader, key, now.floor))


def _superseded(
    tenant: str, key: EntryKey, version: int, floor: int
) -> Generator[Step, Answer, bool]:
    """Whether another version replaced this one at or before the floor."""
    (rows,) = yield (Statement("version_place", [(tenant, *key, version + 1)]),)
    return bool(rows) and rows[0][0] <= floor


def check_revision(revision: int, head_revision: int, floor: int) -> None:
    """Refuse a revision that is not there yet, or not any more."""
    if revision > head_revision:
        raise FutureRevision(
            f"Revision {revision} is not committed yet; the head is {head_revision}.",
            revision=revision,
            head=head_revision,
        )
    if revision < floor:
        raise _compacted(revision, floor)


def _compacted(revision: int, floor: int) -> Compacted:
    return Compacted(
        f"Revision {revision} was dropped by retention; the log is whole from revision {floor}.",
        revision=revision,
        floor=floor,
    )


def _found(rows: Any, as_of: int) -> Found:
    *_, last = rows
    dead = bool(last[5])
    value = None if dead else fold_rows(row[6:10] for row in rows)
    return Found(last[3], last[4], dead, value, last[10], last[11], as_of)


def _require_region(
    reader: Reader, access_revision: int, key: EntryKey
) -> Generator[Step, Answer, None]:
    if reserved.is_reserved(key.region):
        return
    contract = reserved.contract_key(key.namespace, key.region)
    (entry,) = yield from access_entries(reader, access_revision, (contract,))
    if not entry.exists:
        raise NotFound(f"There is no region {key.region!r} in {key.namespace}. Create it first.")


def contract_of(reader: Reader, namespace: str, region: str) -> Program[tuple[Contract, int]]:
    """A region's contract and its version. Raises `AccessDenied`, or `NotFound`."""
    now = yield from standing(reader.tenant)
    key = reserved.contract_key(namespace, region)
    yield from require_read(reader, now.access_revision, key)
    (entry,) = yield from access_entries(reader, now.access_revision, (key,))
    if not entry.exists:
        raise NotFound(f"There is no region {region!r} in {namespace}. Create it first.")
    return entry.value.contract, entry.version


def revision_at(tenant: str, at_us: int) -> Program[int]:
    """The last revision committed at or before a time; 0 when there is none."""
    now = yield from standing(tenant)
    low, high = 0, now.revision
    while low < high:
        middle = (low + high + 1) // 2
        (rows,) = yield (Statement("commit_time", [(tenant, middle)]),)
        if rows and rows[0][0] > at_us:
            high = middle - 1
        else:
            low = middle
    return low


def tail(tenant: str, after: int, limit: int) -> Program[list[Record]]:
    """All records of at most `limit` commits after revision `after`, in order."""
    (rows,) = yield (Statement("log_tail", [(tenant, after, after + limit)]),)
    return [record_of(row) for row in rows]
