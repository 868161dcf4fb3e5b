"""Suite: every row there is, in the order in which it is shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows import (
    agents,
    alone,
    asking,
    explaining,
    following,
    listing,
    pinned,
    postgres_agents,
    postgres_alone,
    postgres_index,
    postgres_puts,
    postgres_shared,
    postgres_watching,
    sharing,
    updating,
    watching,
)
from commonplace.bench.server import TAG, Server

SUITE: Mapping[str, Callable[[Plan], list[Row]]] = {
    "agents": agents.rows,
    "sharing": sharing.rows,
    "alone": alone.rows,
    "updating": updating.rows,
    "listing": listing.rows,
    "pinned": pinned.rows,
    "watching": watching.rows,
    "asking": asking.rows,
    "explaining": explaining.rows,
    "following": following.rows,
}
"""Groups of rows by name, each with what measures it."""


POSTGRES: Mapping[str, Callable[[Plan, Server], list[Row]]] = {
    f"{TAG}agents": postgres_agents.rows,
    f"{TAG}puts": postgres_puts.rows,
    f"{TAG}alone": postgres_alone.rows,
    f"{TAG}updating": postgres_shared.updating,
    f"{TAG}listing": postgres_shared.namespaces,
    f"{TAG}pinned": postgres_shared.pins,
    f"{TAG}watching": postgres_watching.rows,
    f"{TAG}index": postgres_index.rows,
    f"{TAG}explaining": postgres_shared.questions,
    f"{TAG}following": following.on_server,
}
"""The same for those that need a server."""

FAMILY = TAG.rstrip("-")
"""A name for all that need a server."""


def chosen(only: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of the groups of rows those that are asked for: without a server, and with one."""
    every = not only
    on_server = every or FAMILY in only
    return (
        [name for name in SUITE if every or name in only],
        [name for name in POSTGRES if on_server or name in only],
    )


def measure(plan: Plan, server: Server | None, only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure the groups named, or all, and give each row when it is there.

    Without a server those that need one are left out.
    """
    alone, on_server = chosen(only)
    for name in alone:
        yield from SUITE[name](plan)
    if server is not None:
        for name in on_server:
            yield from POSTGRES[name](plan, server)
