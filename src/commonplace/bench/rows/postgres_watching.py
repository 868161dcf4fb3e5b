"""Watching on PostgreSQL: how long until another process knows of a write, against a NOTIFY."""

import time
from collections.abc import Generator
from itertools import count
from statistics import median

from commonplace.bench import crowd
from commonplace.bench.bare_postgres import BELL, SQL, BarePostgres
from commonplace.bench.measure import ratio
from commonplace.bench.plan import Plan
from commonplace.bench.row import Row
from commonplace.bench.rows.postgres_alone import ENTRY, begin
from commonplace.bench.rows.watching import Heard, median_between_us, memory_round, paced
from commonplace.bench.server import SAID, TAG, Server, connect


def rows(plan: Plan, server: Server) -> list[Row]:
    """From the call of a write until a watcher in another process holds the commit."""
    address = server.database("watched")
    begin(address)
    copy = server.database("watched-bare", address)
    source = BarePostgres(copy, "default", ENTRY)
    ours, bare, told, bare_told = [], [], [], []
    for _ in range(plan.rounds):
        called, answered, heard = memory_round(plan, address)
        ours.append(median_between_us(called, heard))
        told.append(median_between_us(answered, heard))
        called, answered, heard = _bare_round(plan, source, copy)
        bare.append(median_between_us(called, heard))
        bare_told.append(median_between_us(answered, heard))
    source.close()
    value, spread = ratio(ours, bare)
    parts = {
        "from the call, us": median(ours),
        "bare write with NOTIFY, and receipt, us": median(bare),
        "after the acknowledgement, us": median(told),
        "bare, after the acknowledgement, us": median(bare_told),
    }
    return [
        Row(f"{TAG}watch",
            f"{SAID}write to a watcher in another process, p50, over a bare write and NOTIFY",
            value, "x", 3.0, False, spread, parts,
            "both begin with a durable commit of the same rows; the watcher also reads and "
            "decodes the commit, the bare receiver only wakes")
    ]  # fmt: skip


def _bare_round(plan: Plan, source: BarePostgres, address: str) -> Heard:
    listener = crowd.Crowd([(_listener, (address, plan.writes))])
    listener.start()
    batches, numbers = [source.next_rows() for _ in range(plan.writes)], count()

    def write() -> None:
        source.write(batches[next(numbers)], BELL)

    return *paced(write, plan.writes), listener.results()[0]


def _listener(address: str, writes: int) -> Generator[None, None, list[int]]:
    heard: list[int] = []
    with connect(address) as connection:
        connection.execute(SQL["listen"])
        yield
        for _ in connection.notifies():
            heard.append(time.monotonic_ns())
            if len(heard) == writes:
                break
    return heard
