"""Exchange: a channel and its dispatches as they stand, for whoever is about to write or read."""

from collections.abc import Generator, Iterable
from typing import Any, Literal, NamedTuple

from commonplace import limits
from commonplace.core import access, reserved
from commonplace.core.access import Reach, Tier
from commonplace.core.exchange import is_closed, is_dispatch_id
from commonplace.core.rules import SingleWriter
from commonplace.core.state import EntryState
from commonplace.errors import AccessDenied, Compacted, ContractMismatch, Erased, NotFound
from commonplace.model.channel import Dispatch, Reply, dispatch_key
from commonplace.model.contract import Contract
from commonplace.model.entry import EntryKey
from commonplace.model.namespace import escape
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.step import Answer, Program, Statement, Step

WRITER = ""
"""In the table of what waits, the name of whoever is the channel's writer."""


class Channel(NamedTuple):
    """A channel at the head: its contract, what is published, and where the tenant stands."""

    key: EntryKey
    writer: str
    holds: Literal["text", "json"]
    published: Found
    revision: int


class Sending(NamedTuple):
    """What a dispatch carries, and whether its actor may read the channel already."""

    channel: Channel
    pin: int
    version: int
    reads: bool


class Waiting(NamedTuple):
    """A dispatch that waits, and where in the log its newest record stands."""

    key: EntryKey
    revision: int
    place: int
    at_us: int


def channel_at(reader: Reader, key: EntryKey) -> Program[Channel]:
    """The channel whose value stands at `key`.

    Raises `AccessDenied`, `NotFound` for an unknown region, and `ContractMismatch` for one
    that is no channel.
    """
    found = yield from reading.read_entry(reader, key)
    now = yield from reading.standing(reader.tenant)
    contract = reserved.contract_key(key.namespace, key.region)
    (entry,) = yield from reading.access_entries(reader, now.access_revision, (contract,))
    rule = entry.value.rule
    if not isinstance(rule, SingleWriter):
        raise ContractMismatch(
            f"{key.reference()} is no channel: it is under {entry.value.contract.rule.name}, and a "
            f"channel under single_writer. Create one, or demote({key.region!r}, WRITER) by name."
        )
    return Channel(key, rule.writer, entry.value.contract.holds, found, now.revision)


def sending(reader: Reader, key: EntryKey, to: str, at: int | None) -> Program[Sending]:
    """What a dispatch to an actor carries when it is sent now, with the view of `at` if given."""
    channel = yield from channel_at(reader, key)
    pin = channel.revision if at is None else at
    version = yield from reading.version_at(reader.tenant, key, pin)
    has = yield from reach_of(reader, to, key)
    return Sending(channel, pin, version, has.tier >= Tier.READER)


def reach_of(reader: Reader, actor: str, key: EntryKey) -> Generator[Step, Answer, Reach]:
    """How far another actor may go in the region of `key`."""
    if key.namespace == access.private_namespace(actor):
        return access.OWNS
    now = yield from reading.standing(reader.tenant)
    keys = access.grant_keys(actor, key.namespace, key.region)
    return access.reach((yield from reading.access_entries(reader, now.access_revision, keys)))


def require_known(reader: Reader, namespace: str, actor: str) -> Generator[Step, Answer, None]:
    """Raise `NotFound` for an actor with whom nothing of the namespace was ever shared.

    A name that was mistyped has no grant: it would take a place that nobody could fill.
    """
    if (yield from reach_of(reader, actor, EntryKey(namespace, ""))).tier >= Tier.READER:
        return
    name, after = escape(actor), ""
    while True:
        page = [(reader.tenant, namespace, access.GRANTS, after, limits.MAX_PAGE_ROWS)]
        (rows,) = yield (Statement("entry_page", page),)
        if any(row[3].rpartition("/")[2] == name and not row[6] for row in rows):
            return
        if len(rows) < limits.MAX_PAGE_ROWS:
            raise NotFound(
                f"Nobody called {actor!r} is known in {namespace}: nothing there is shared with "
                "them. Check the name, or share something first.",
                actor=actor,
            )
        after = rows[-1][3]


class Demotion(NamedTuple):
    """The contract that a demotion changes, its version, and how far the writer may go now."""

    contract: Contract
    version: int
    has: Reach


def demotion(reader: Reader, namespace: str, region: str, writer: str) -> Program[Demotion]:
    """What demoting a region to a writer starts from. Raises `NotFound` for an unknown one."""
    contract, version = yield from reading.contract_of(reader, namespace, region)
    has = yield from reach_of(reader, writer, EntryKey(namespace, region))
    if has.tier < Tier.READER:
        yield from require_known(reader, namespace, writer)
    return Demotion(contract, version, has)


def require_untaken(reader: Reader, key: EntryKey, actor: str) -> Generator[Step, Answer, None]:
    """Raise unless an actor who may not read a channel may be let in without being asked for.

    That is `NotFound` for one who is not known, and `AccessDenied` for one who was shut out: what
    an owner took back by name is given back by name.
    """
    now = yield from reading.standing(reader.tenant)
    keys = access.grant_keys(actor, key.namespace, key.region)
    grants = yield from reading.access_entries(reader, now.access_revision, keys)
    if any(grant.dead for grant in grants):
        raise AccessDenied(
            f"Not sent. {actor}'s access to {key.reference()} was taken back. Share it again by "
            "name first.",
            actor=actor,
        )
    yield from require_known(reader, key.namespace, actor)


# --- dispatches ---------------------------------------------------------------------------------


def dispatch_at(reader: Reader, channel: Channel, name: str) -> Program[Dispatch]:
    """One dispatch of a channel by its id. Raises `NotFound`, or `Erased`."""
    key = dispatch_key(channel.key, name)
    found = reading.ABSENT
    if is_dispatch_id(name):  # else it is no key either
        found = yield from reading.read_entry(reader, key)
    if not found.version:
        raise NotFound(
            f"{channel.key.reference()} has no dispatch {name!r}. Look into the inbox.", id=name
        )
    if found.dead:
        raise Erased(f"What dispatch {name!r} of {channel.key.reference()} said was erased.")
    said = yield from _said(reader, key, found)
    return dispatch_view(channel, key, found.version, said, found.revision, found.updated_at_us)


def _said(reader: Reader, key: EntryKey, found: Found) -> Generator[Step, Answer, Any]:
    """A dispatch's value, with what was sent and answered if it is closed and the log has it."""
    if not is_closed(found.value):
        return found.value
    try:
        before = yield from reading.read_version(reader, key, found.version - 1)
    except (Compacted, Erased):
        return found.value
    return {**found.value, **{name: before.value[name] for name in ("payload", "reply")}}


def dispatch_view(
    channel: Channel, key: EntryKey, version: int, value: Any, revision: int, at_us: int
) -> Dispatch:
    """A stored dispatch as the value that users hold."""
    given, settled = value["reply"], value["settled"]
    reply = given and Reply(given["payload"], given["version"], given["revision"])
    return Dispatch(
        channel=channel.key.reference(),
        id=key.key.partition("/")[2],
        version=version,
        revision=revision,
        at_us=at_us,
        to=value["to"],
        payload=value["payload"],
        pin=value["pin"],
        published=value["version"],
        stands=channel.published.version,
        state=value["state"],
        reply=reply,
        follows=value["follows"],
        since=value["since"],
        by=value["by"],
        committed=settled["version"] if settled else 0,
    )


def waiting(
    reader: Reader, channel: Channel, limit: int, after: tuple[int, int]
) -> Program[list[Waiting]]:
    """What waits for the reader after a place in the log, oldest first.

    For the writer that is what has a reply; for whoever else, and for the writer too, what was
    sent to them.
    """
    found: list[Waiting] = []
    for name in _names(reader, channel):
        place = (reader.tenant, channel.key.namespace, channel.key.region, name, *after, limit)
        (rows,) = yield (Statement("waiting_page", [place]),)
        found += [Waiting(EntryKey(*row[:3]), row[3], row[4], row[5] or 0) for row in rows]
    return sorted(found, key=lambda each: (each.revision, each.place))[:limit]


def counts(tenant: str, channel: EntryKey) -> Program[dict[str, int]]:
    """How many dispatches wait for whom; the writer, for whom replies do, is `WRITER`."""
    place = (tenant, channel.namespace, channel.region, limits.MAX_PAGE_ROWS)
    (rows,) = yield (Statement("waiting_tally", [place]),)
    return {row[0]: row[1] for row in rows}


def waiting_count(reader: Reader, channel: Channel) -> Program[int]:
    """How many wait for the reader."""
    by_name = yield from counts(reader.tenant, channel.key)
    return sum(by_name.get(name, 0) for name in _names(reader, channel))


def _names(reader: Reader, channel: Channel) -> tuple[str, ...]:
    return (WRITER, reader.actor) if reader.actor == channel.writer else (reader.actor,)


def values(
    reader: Reader, page: Iterable[Waiting]
) -> Generator[Step, Answer, dict[EntryKey, EntryState]]:
    """The dispatches of a page."""
    return (yield from reading.entries(reader.tenant, [each.key for each in page]))
