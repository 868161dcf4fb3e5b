"""Ticket programs: take a place in an entry's queue, look at it, give it back."""

from collections.abc import Generator, Sequence

from commonplace.core.ticket import Ticket, next_number
from commonplace.model.entry import EntryKey
from commonplace.storage.step import Answer, Program, Statement, Step


def _queue(tenant: str, key: EntryKey) -> Generator[Step, Answer, list[Ticket]]:
    (rows,) = yield (Statement("ticket_queue", [(tenant, *key)]),)
    return [Ticket(*row) for row in rows]


def look(tenant: str, key: EntryKey) -> Program[list[Ticket]]:
    """The queue as it stands."""
    return (yield from _queue(tenant, key))


def take(
    tenant: str, keys: Sequence[EntryKey], holder: str, presence: str, expires_us: int
) -> Program[list[int]]:
    """A place at the end of each queue, in one transaction; the numbers, in order of `keys`.

    Whoever stands there already keeps that place: asked again, it is the same.
    """
    yield (Statement("begin_write"),)
    numbers, rows = [], []
    for key in keys:
        queue = yield from _queue(tenant, key)
        held = [each.number for each in queue if each.holder == holder]
        number = held[0] if held else next_number(queue)
        numbers.append(number)
        if not held:
            rows.append((tenant, *key, number, holder, presence, expires_us))
    yield (Statement("ticket_insert", rows), Statement("commit"))
    return numbers


def drop(tenant: str, key: EntryKey, tickets: Sequence[tuple[int, str]]) -> Program[None]:
    """Remove tickets, each by number and holder, so that nobody drops another's.

    The number 0 stands for whichever its holder has, if any: it was never told.
    """
    yield (Statement("begin_write"),)
    rows = [(tenant, *key, number, holder) for number, holder in tickets if number]
    untold = {holder for number, holder in tickets if not number}
    if untold:
        queue = yield from _queue(tenant, key)
        rows += [(tenant, *key, t.number, t.holder) for t in queue if t.holder in untold]
    yield (Statement("ticket_delete", rows), Statement("commit"))


def renew(tenant: str, key: EntryKey, number: int, holder: str, expires_us: int) -> Program[None]:
    """Keep a place alive while its holder waits or thinks."""
    row = (tenant, *key, number, holder, expires_us)
    yield (Statement("begin_write"), Statement("ticket_renew", [row]), Statement("commit"))
