"""Failover: a primary is killed under load and its synchronous standby takes its place.

`python -m commonplace.testing.failover` runs it and prints what it measured. Eight processes
write to `postgresql://…@host1,host2/…?target_session_attrs=read-write`, each asking for every
line under one key until it is answered. The primary is killed with kill -9, the standby is
promoted, and afterwards the log must explain every answer: what was acknowledged is there, once.

Each round has a new standby; the one promoted before is the primary that is killed next.
"""

import argparse
import itertools
import os
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from commonplace import Memory, NamespacePrefix
from commonplace.model.record import Record
from commonplace.testing.checker import check
from commonplace.testing.postgres import HOST, PostgresServer
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.replay import texts_of
from commonplace.testing.worker import TASK

_OWNER: Final = "owner"
_WRITER: Final = "writer"
_DATABASE: Final = "memory"
_PAGE: Final = 500
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """One failover, in seconds.

    `gap_s`: the longest time without any acknowledgement. `first_s`: from the order to promote
    to the first acknowledgement, and `all_s` until each writer had one.
    """

    gap_s: float
    first_s: float
    all_s: float


@dataclass(slots=True)
class Report:
    """What a run did: lines acknowledged and found once, how often they were asked for again."""

    acknowledged: int = 0
    again: int = 0
    rounds: list[Round] = field(default_factory=list)

    def __str__(self) -> str:
        told = [
            f"{len(self.rounds)} failovers: {self.acknowledged} lines acknowledged, each of them "
            f"there once; asked for again {self.again} times; revisions gapless, chain whole"
        ]
        for number, each in enumerate(self.rounds, 1):
            told.append(
                f"failover {number}: longest gap between acknowledgements "
                f"{each.gap_s * 1000:.0f} ms; from the order to promote to the first "
                f"{each.first_s * 1000:.0f} ms, until every writer had one "
                f"{each.all_s * 1000:.0f} ms"
            )
        return "\n".join(told)


def run(*, rounds: int, writers: int = 8, load_s: float = 1.0, seed: int = 0) -> Report:
    """Fail over `rounds` times under load; an assertion fails when anything is lost."""
    report, rng = Report(), random.Random(seed)
    with ExitStack() as stack, Crew() as crew:
        primary = stack.enter_context(PostgresServer())
        primary.create_database(_DATABASE)
        for number in range(rounds):
            name = f"standby{number}"
            standby = PostgresServer.standby_of(primary, name=name)
            stack.enter_context(standby)
            primary.wait_for(name)
            if number == 0:
                _found(primary.conninfo(_DATABASE))
            address = address_of(primary, standby)
            crews = [crew.hire(_job(address, number, each)) for each in range(writers)]
            report.rounds.append(_fail_over(crew, crews, primary, standby, load_s, rng))
            primary = standby
            _judge(primary.conninfo(_DATABASE), crew, report)
    return report


def address_of(*servers: PostgresServer, database: str = _DATABASE) -> str:
    """The address of a memory that follows whichever of these takes writes."""
    hosts = ",".join(f"{HOST}:{server.port}" for server in servers)
    return f"postgresql://postgres@{hosts}/{database}?target_session_attrs=read-write"


def _found(address: str) -> None:
    with Memory(address, actor=_OWNER) as memory:
        memory.share({_OWNER: "owner"}, prefix=NamespacePrefix(()))
        memory.create_task(TASK, share={_WRITER: "editor"}).create_block("log")


def _job(address: str, life: int, number: int) -> dict[str, Any]:
    return {
        "role": "insist", "address": address, "tenant": "default", "actor": _WRITER,
        "life": f"{life}.{number}", "seed": number,
    }  # fmt: skip


def _fail_over(
    crew: Crew,
    writers: Sequence[Worker],
    primary: PostgresServer,
    standby: PostgresServer,
    load_s: float,
    rng: random.Random,
) -> Round:
    crew.ready(*writers)
    crew.begin(*writers)
    began_ns = time.monotonic_ns()
    _until_answered(crew, writers, began_ns, "every writer writes")
    crew.listen_for(load_s * rng.uniform(0.5, 1.0))
    primary.kill()
    ordered_ns = time.monotonic_ns()
    standby.promote()
    _until_answered(crew, writers, ordered_ns, "every writer goes on")
    crew.listen_for(load_s / 2)
    crew.finish(*writers)
    ends = sorted(end for worker in writers for end in _answers(worker, began_ns))
    firsts = [_answers(worker, ordered_ns)[0] for worker in writers]
    return Round(
        gap_s=max(b - a for a, b in itertools.pairwise(ends)) / 1e9,
        first_s=(min(firsts) - ordered_ns) / 1e9,
        all_s=(max(firsts) - ordered_ns) / 1e9,
    )


def _answers(worker: Worker, after_ns: int) -> list[int]:
    """When a writer was acknowledged, after a moment."""
    return [
        event.answered_ns
        for event in worker.events
        if event.outcome == "ok" and event.answered_ns is not None and event.answered_ns > after_ns
    ]


def _until_answered(crew: Crew, writers: Sequence[Worker], after_ns: int, what: str) -> None:
    crew.wait(
        lambda: all(_answers(worker, after_ns) for worker in writers), what, patience_s=_PATIENCE_S
    )


def _judge(address: str, crew: Crew, report: Report) -> None:
    """What was acknowledged is there once, where its receipt says, and the chain is whole."""
    events = crew.events
    with Memory(address, actor=_OWNER) as memory:
        records = _records(memory)
        violations = check(records, events, texts_of)
        assert not violations, "\n".join(violations[:10])
        audit = memory.audit()
        assert audit.ok, str(audit.findings)
        lines = memory.task(TASK).block("log").read().text.split("\n")
    assert len(lines) == len(set(lines)), "a line is there twice"
    unanswered = [event for event in events if event.outcome != "ok"]
    assert not unanswered, f"never acknowledged: {unanswered[:3]}"
    assert len(lines) == len(events), f"{len(lines)} lines, {len(events)} acknowledged"
    report.acknowledged = len(events)
    report.again = sum("again" in said for worker in crew.workers for said in worker.said)


def _records(memory: Memory) -> list[Record]:
    """The whole log, oldest first."""
    engine = memory._opened().engine
    found: list[Record] = []
    while page := engine.tail(memory.tenant, found[-1].revision if found else 0, _PAGE):
        found += page
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Fail over as asked for on the command line and print what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writers", type=int, default=8, help="processes that write")
    parser.add_argument("--load-s", type=float, default=2.0, help="load before each kill")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asked = parser.parse_args(arguments)
    report = run(rounds=asked.rounds, writers=asked.writers, load_s=asked.load_s, seed=asked.seed)
    os.write(1, f"seed {asked.seed}\n{report}\n".encode())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
