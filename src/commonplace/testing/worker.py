"""Worker: one process that does a job on a memory and says every step of it on its stdout.

Run as `python -m commonplace.testing.worker`; see `processes.py` for the protocol. A job is a
mapping with `role` (a name in ROLES), `address`, `tenant`, `actor`, `life` (told apart from
earlier workers of the same name), `seed`, and what the role itself reads.
"""

import contextlib
import json
import os
import random
import selectors
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import commonplace
from commonplace.errors import CommonplaceError, EngineUnavailable, OutcomeUnknown
from commonplace.testing.history import Answer, Event, History
from commonplace.testing.mutants import MUTANTS

A = TypeVar("A")

TASK = "work"


def say(**message: Any) -> None:
    """One line, in one system call: it is in the pipe whole, or not at all."""
    os.write(1, json.dumps(message).encode() + b"\n")


class Orders:
    """What the parent says: a line lets the worker go on, the end of the pipe ends it."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        self._rest = b""

    def next(self) -> dict[str, Any] | None:
        """Wait for the next line; None at the end."""
        while b"\n" not in self._rest:
            data = os.read(0, 1 << 16)
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        order: dict[str, Any] = json.loads(line)
        return order

    def ended(self) -> bool:
        """Whether the parent has closed the pipe; does not wait."""
        return bool(self._selector.select(0)) and not self._rest and self._peek()

    def _peek(self) -> bool:
        data = os.read(0, 1 << 16)
        self._rest += data
        return not data


class Desk:
    """The memory of a worker and the calls it makes on it, each said before and after."""

    def __init__(self, memory: commonplace.Memory, job: Mapping[str, Any]) -> None:
        self.memory = memory
        self.job = job
        self.task = memory.task(TASK)
        self.random = random.Random(job["seed"])
        self._history = History()
        self._count = 0

    def new_key(self) -> str:
        """An idempotency key that no other life of this worker uses."""
        self._count += 1
        return f"{self.job['actor']}-{self.job['life']}-{self._count}"

    def call(
        self,
        operation: str,
        block: str,
        call: Callable[[str], Answer],
        *,
        expect: int | None = None,
    ) -> Event:
        """Make one call under a fresh key."""
        key, entry = self.new_key(), f"task/{TASK}:{block}"
        asked = Event(
            self.job["actor"], operation, entry, time.monotonic_ns(), None, "unknown", key,
            expect=expect,
        )  # fmt: skip
        say(ask=asked.to_plain())
        event = self._history.record(
            self.job["actor"], operation, entry, lambda: call(key), key=key, expect=expect
        )
        say(event=event.to_plain())
        return event

    # --- the calls ----------------------------------------------------------------------------

    def append(self, block: str = "log") -> Event:
        """Add a line that names its key."""
        face = self.task.block(block)
        return self.call(
            "append", block, lambda key: face.append(f"line {key}", idempotency_key=key)
        )

    def replace(self, block: str = "board") -> Event:
        """Read, then change one line against the version read."""
        face = self.task.block(block)
        entry = _insisted(face.read)
        line = self.random.choice(entry.text.split("\n"))
        return self.call(
            "replace",
            block,
            lambda key: face.replace(
                line, f"{line.partition(' ')[0]} {key}", expect=entry.version, idempotency_key=key
            ),
            expect=entry.version,
        )

    def rewrite(self, block: str = "plan") -> Event:
        """Read, then say something else against the version read."""
        face = self.task.block(block)
        version = _insisted(face.read).version
        return self.call(
            "rewrite",
            block,
            lambda key: face.rewrite(f"by {key}", expect=version, idempotency_key=key),
            expect=version,
        )

    def update(self, block: str = "count") -> Event:
        """Add one to the number in a block."""
        face = self.task.block(block)
        return self.call(
            "update",
            block,
            lambda key: face.update(lambda text: str(int(text) + 1), idempotency_key=key),
        )

    def pair(self) -> Event:
        """Two lines in two blocks, in one commit; said for the first of them."""

        def commit(key: str) -> Answer:
            with self.memory.atomic(key=key) as group:
                self.task.block("left").append(f"line {key}")
                self.task.block("right").append(f"line {key}")
            return group.receipts[0]

        return self.call("append", "left", commit)

    def read(self, block: str | None = None) -> Event:
        """Read one block."""
        name = block or self.random.choice(("log", "board", "count"))
        return self.call("read", name, lambda key: self.task.block(name).read())


def write(desk: Desk, orders: Orders) -> None:
    """Make calls of all kinds until told to end, or `count` of them."""
    calls = [
        getattr(desk, name)
        for name in desk.job.get("calls", ("append", "replace", "update", "pair", "read"))
    ]
    for _ in range(desk.job.get("count", 1 << 30)):
        if orders.ended():
            return
        desk.random.choice(calls)()


def insist(desk: Desk, orders: Orders) -> None:
    """Append line after line, each asked for under one key until it is answered."""
    log = desk.task.block("log")

    def append(key: str) -> Answer:
        return _insisted(lambda: log.append(f"line {key}", idempotency_key=key))

    while not orders.ended():
        desk.call("append", "log", append)


def _insisted(call: Callable[[], A]) -> A:
    """Ask, and ask again while the engine is away."""
    while True:
        try:
            return call()
        except (EngineUnavailable, OutcomeUnknown) as error:
            say(again=error.code)


def hold(desk: Desk, orders: Orders) -> None:
    """Stay, with an open memory, until told to end."""
    orders.next()


def follow(desk: Desk, orders: Orders) -> None:
    """Watch the task from the beginning and say each commit, from where it was if it must."""
    seen = 0

    def watch() -> None:
        nonlocal seen
        with contextlib.closing(
            desk.memory.watch(desk.task.namespace, after=seen, progress_s=0.05)
        ) as commits:
            for commit in commits:
                seen = commit.revision
                changes = [
                    (str(c.reference.region), c.old_version, c.new_version) for c in commit.changes
                ]
                say(commit=commit.revision, changes=changes)
                if orders.ended():
                    return

    _insisted(watch)


def think(desk: Desk, orders: Orders) -> None:
    """`count` updates of one entry with `think_s` of thought in each; says each wait."""
    for number in range(desk.job["count"]):
        _think_once(desk, number)


def _think_once(desk: Desk, number: int) -> None:
    asked_s = time.monotonic()
    began: list[float] = []

    def change(text: str) -> str:
        began.append(time.monotonic())
        say(thinking=number)
        time.sleep(desk.job["think_s"])
        return str(int(text) + 1)

    try:
        receipt = desk.task.block("count").update(change)
    except CommonplaceError as error:
        say(failed=error.code, message=str(error))
        return
    say(waited_s=began[0] - asked_s, at_s=began[0], calls=len(began), version=receipt.version)


def answer(desk: Desk, orders: Orders) -> None:
    """Reply to what comes into the inbox; with `waits`, only when told to, once for each."""
    channel = desk.task.channel("plan")
    while not orders.ended():
        for dispatch in channel.receive(timeout_s=0.05):
            say(got=dispatch.id, stale=dispatch.stale)
            if desk.job.get("waits"):
                orders.next()
            channel.reply(dispatch, {"done": dispatch.id})
            say(replied=dispatch.id)
            if orders.ended():
                return


def lead(desk: Desk, orders: Orders) -> None:
    """Commit what comes back, and count it in what is published."""
    channel = desk.task.channel("plan")
    while not orders.ended():
        for reply in channel.receive(timeout_s=0.05):
            say(got=reply.id)
            channel.commit(reply, value={"count": channel.read().value["count"] + 1})
            say(committed=reply.id)
            if orders.ended():
                return


def retract(desk: Desk, orders: Orders) -> None:
    """Write lines, have others shown them, build on them and take them back, again and again."""
    notes, report = desk.task.block("notes"), desk.task.block("report")
    with desk.memory.as_actor("owner") as owner:
        while not orders.ended():
            written = notes.append(desk.new_key())
            line = notes.reference.pinned(written.version)
            with owner.turn() as turn:
                turn.read(line)
            report.append("built", based_on=[line])
            say(retracted=str(desk.memory.retract(line, replacement="corrected").by))


ROLES: Mapping[str, Callable[[Desk, Orders], None]] = {
    "write": write,
    "insist": insist,
    "hold": hold,
    "follow": follow,
    "think": think,
    "answer": answer,
    "lead": lead,
    "retract": retract,
}


@contextlib.contextmanager
def opened(job: Mapping[str, Any]) -> Iterator[commonplace.Memory]:
    """The memory of a job, under the mutant it names."""
    mutant = MUTANTS[job["mutant"]].applied() if job.get("mutant") else contextlib.nullcontext()
    with (
        mutant,
        commonplace.Memory(job["address"], tenant=job["tenant"], actor=job["actor"]) as memory,
    ):
        yield memory


def main() -> int:
    """Take a job, say when the memory is open, wait for the word, do it."""
    orders = Orders()
    job = orders.next()
    assert job is not None, "a worker is sent its job on stdin"
    with opened(job) as memory:
        say(ready=os.getpid())
        if orders.next() is None:
            return 0
        ROLES[job["role"]](Desk(memory, job), orders)
    return 0


if __name__ == "__main__":
    sys.exit(main())
