"""Suite: every row there is, in the order in which it is shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows import (
    agents,
    alone,
    asking,
    explaining,
    listing,
    pinned,
    sharing,
    updating,
    watching,
)

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
}
"""Groups of rows by name, each with what measures it."""


def measure(plan: Plan, only: Sequence[str] = ()) -> Iterator[Row]:
    """Measure the groups named, or all, and give each row when it is there."""
    for name, rows in SUITE.items():
        if not only or name in only:
            yield from rows(plan)
