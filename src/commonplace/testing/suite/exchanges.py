"""Channels between processes: what is sent arrives, and is settled once, whoever is killed."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from commonplace.testing.harness import Harness
from commonplace.testing.processes import Crew, Worker
from commonplace.testing.suite.participants import WITHIN_S, chosen_seed, job
from commonplace.testing.suite.stage import (
    OWNER,
    Stage,
    needs_durability,
    needs_processes,
    staged,
)

_WORKERS: Final = ("docs", "web")
_ROLES: Final = {OWNER: "lead", "docs": "answer", "web": "answer"}
_SENT: Final = 40
_KILLS: Final = 12


@contextmanager
def _prepared(harness: Harness) -> Iterator[Stage]:
    """A stage with a channel that has published a count of nothing."""
    needs_processes(harness)
    with staged(harness, share=dict.fromkeys(_WORKERS, "reader")) as stage:
        stage.task.create_channel("plan").publish({"count": 0})
        yield stage


def _hire(crew: Crew, stage: Stage, name: str, life: int, **more: object) -> Worker:
    worker = crew.hire(job(stage.address, name, _ROLES[name], life=life, seed=life, **more))
    crew.ready(worker)
    crew.begin(worker)
    return worker


def _said(worker: Worker, what: str) -> list[str]:
    return [message[what] for message in worker.said if what in message]


def _has_answered(worker: Worker, name: str) -> bool:
    return name in _said(worker, "replied")


def test_dispatch_wakes_a_worker_in_another_process(harness: Harness) -> None:
    with _prepared(harness) as stage, Crew() as crew:
        worker = _hire(crew, stage, "docs", 1)
        plan = stage.task.channel("plan")
        for number in range(5):
            sent = plan.dispatch("docs", number)
            started_s = time.monotonic()
            crew.wait(partial(_has_answered, worker, sent.id), "it was answered")
            assert time.monotonic() - started_s < WITHIN_S
            (reply,) = (each for each in plan.inbox() if each.id == sent.id)
            assert reply.reply is not None
            assert reply.reply.payload == {"done": sent.id}
        crew.finish(worker)


def test_dispatch_of_a_killed_worker_comes_again(harness: Harness) -> None:
    """Killed between what it got and its reply: the next of that name gets it, as it is now."""
    with _prepared(harness) as stage, Crew() as crew:
        plan = stage.task.channel("plan")
        sent = plan.dispatch("docs", {"step": "read"})
        first = _hire(crew, stage, "docs", 1, waits=True)
        crew.wait(lambda: sent.id in _said(first, "got"), "the first got it")
        crew.kill(first)
        assert plan.find(sent.id).state == "open"
        plan.publish({"count": 1})
        second = _hire(crew, stage, "docs", 2)
        crew.wait(partial(_has_answered, second, sent.id), "the second answers it")
        assert {"got": sent.id, "stale": True} in second.said
        (reply,) = plan.inbox()
        assert (reply.id, reply.version, reply.stale) == (sent.id, 2, True)
        crew.finish(second)


def test_every_dispatch_is_settled_once_whoever_is_killed(harness: Harness) -> None:
    """Workers and the writer are killed at any moment; each commit counts one, and all do."""
    needs_durability(harness)
    seed = chosen_seed(17)
    rng = random.Random(seed)
    with _prepared(harness) as stage, Crew() as crew:
        plan = stage.task.channel("plan")
        for number in range(_SENT):
            plan.dispatch(_WORKERS[number % 2], {"number": number})
        present = {name: _hire(crew, stage, name, 1) for name in _ROLES}
        for life in range(2, 2 + _KILLS):
            crew.listen_for(rng.uniform(0.0, 0.03))
            name = rng.choice(sorted(present))
            crew.kill(present[name])
            present[name] = _hire(crew, stage, name, life)
        crew.wait(lambda: plan.read().value["count"] == _SENT, f"seed {seed}: all are settled")
        crew.finish(*present.values())
        for name in _ROLES:
            assert not stage.open(name).task("work").channel("plan").inbox()
        settled = [record for record in stage.log() if record.operation == "settle"]
        replies = [record for record in stage.log() if record.operation == "reply"]
        assert len({record.entry for record in settled}) == len(settled) == _SENT, f"seed {seed}"
        assert len(replies) == _SENT, f"seed {seed}: answered twice"
        assert plan.read().version == 1 + _SENT, f"seed {seed}"
        audit = stage.owner.audit()
        assert audit.ok, audit.findings
