"""Tickets: who is next among the `update`s of one entry.

A ticket orders; it protects nothing. The write that ends an update names the version it was
made from, so a lost or doubled ticket costs a repeated call of the user's function and never
an update. That is why tickets are no records (docs/decisions/0002).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Ticket(NamedTuple):
    """A place in the queue of one entry: its number, whose it is, and until when unseen."""

    number: int
    holder: str
    presence: str
    expires_us: int


def next_number(queue: Sequence[Ticket]) -> int:
    """The number of a ticket taken now: one more than the last in the queue."""
    return queue[-1].number + 1 if queue else 1


def gone(
    queue: Iterable[Ticket], dead: frozenset[str], unknown: frozenset[str], now_us: int
) -> list[Ticket]:
    """Tickets whose holder will never come.

    `dead` holds the presence tokens that the kernel says are dead, `unknown` those it cannot
    speak for (another host): the latter count as gone once they expire. A holder the kernel
    knows to be alive keeps its place however long it thinks.
    """
    return [
        ticket
        for ticket in queue
        if ticket.presence in dead or (ticket.presence in unknown and ticket.expires_us < now_us)
    ]
