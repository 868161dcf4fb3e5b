"""Footprint: what of a tenant a decision about a group looks at, and so must be loaded."""

from collections.abc import Iterator
from functools import lru_cache

from commonplace.core import access, reserved
from commonplace.core.fold import OPERATIONS
from commonplace.core.taking_back import TAKING_BACK
from commonplace.limits import MAX_GROUP_WRITES, MAX_INTEGER
from commonplace.model.channel import dispatch_key
from commonplace.model.entry import EntryKey
from commonplace.model.write import WriteGroup


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
        yield from _looked_at(actor, write.entry, write.operation)
        follows = write.arguments.get("follows") if write.operation == "dispatch" else None
        if follows and isinstance(follows, str):
            channel = EntryKey(*reserved.judged_at(write.entry))
            yield dispatch_key(channel, follows), True


@lru_cache(maxsize=8192)
def _looked_at(actor: str, entry: EntryKey, verb: str) -> tuple[tuple[EntryKey, bool], ...]:
    """The footprint of one write: it depends on names alone."""
    operation = OPERATIONS.get(verb)
    needs_value = operation is None or operation.needs_value
    namespace, judged = reserved.judged_at(entry)
    keys = list(access.grant_keys(actor, namespace, judged))
    if entry.region == reserved.NAMESPACE:
        keys += access.grant_keys(actor, access.TENANT)
    elif entry.region == reserved.CONTRACTS:
        keys += [EntryKey(namespace, entry.key), reserved.namespace_key(namespace)]
    elif judged:
        keys.append(reserved.contract_key(namespace, judged))
    wanted = [(entry, needs_value or reserved.is_reserved(entry.region))]
    if entry.region == reserved.DISPATCHES:
        wanted.append((EntryKey(namespace, judged), False))
    return (*wanted, *((key, True) for key in keys))


def taken_back(group: WriteGroup) -> Iterator[tuple[EntryKey, int]]:
    """Every version that `group` takes back: whoever decides about it must know who wrote it.

    The group may be malformed, which is for `decide` to say.
    """
    for write in group.writes:
        if write.operation not in TAKING_BACK:
            continue
        versions = write.arguments.get("versions")
        for version in versions[:MAX_GROUP_WRITES] if isinstance(versions, list | tuple) else ():
            if type(version) is int and 0 < version <= MAX_INTEGER:
                yield write.entry, version
