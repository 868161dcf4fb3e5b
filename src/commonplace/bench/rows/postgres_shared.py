"""Shared with SQLite: rows that are the same on PostgreSQL but for where the memories lie."""

from commonplace.bench import peer_postgres as peer
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows import explaining, listing, pinned
from commonplace.bench.rows import updating as updates
from commonplace.bench.server import Server


def updating(plan: Plan, server: Server) -> list[Row]:
    """The wait of an `update` among several processes."""
    return updates.rows_at(plan, server.place(plan.server_history))


def namespaces(plan: Plan, server: Server) -> list[Row]:
    """The namespaces of a large memory, against PostgresStore."""
    theirs = listing.Peer("PostgresStore", lambda name: peer.opened(server.database(name)))
    installed = theirs if peer.is_installed() else None
    return listing.rows_at(plan, server.place(plan.server_history), installed)


def pins(plan: Plan, server: Server) -> list[Row]:
    """Reads of the past, with a short history and with a long one."""
    return pinned.rows_at(plan, server.place(plan.server_history), server.settle)


def questions(plan: Plan, server: Server) -> list[Row]:
    """`why`, `log -S`, timelines and blame in a long log."""
    return explaining.rows_at(plan, server.place(plan.server_history), server.settle)
