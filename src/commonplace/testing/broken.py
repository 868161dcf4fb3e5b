"""Broken engines: wrappers that do one thing wrong and everything else as the engine inside.

Each is one way in which a real store has lost, invented or leaked something. They work at the
engine contract (groups in, verdicts and records out) and on the named statements of read
programs, so that they break any engine alike.
"""

import itertools
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

from commonplace.core.verdict import Accepted, Duplicate, Refusal, Verdict
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.model.record import Record
from commonplace.model.write import Write, WriteGroup
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.programs import reading
from commonplace.storage.proposal import new_key
from commonplace.storage.step import Answer, Program, Statement, Step
from commonplace.storage.tailer import commits


class Broken:
    """An engine that passes everything on. Each subclass breaks one promise."""

    def __init__(self, engine: Engine) -> None:
        self.inside = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inside, name)

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        """Pass on."""
        return self.inside.propose(group, deadline_s)

    def read(self, tenant: str, program: Program[Any]) -> Any:
        """Pass on, each step and its answer through the hooks below."""
        return self.inside.read(tenant, self._through(program))

    def asked(self, step: Step) -> Step:
        """A hook: the step that is really run."""
        return step

    def answered(self, step: Step, answer: Answer) -> Answer:
        """A hook: the rows that the program really gets."""
        return answer

    def _through(self, program: Program[Any]) -> Generator[Step, Answer, Any]:
        try:
            step = next(program)
            while True:
                answer = yield self.asked(step)
                step = program.send(self.answered(step, answer))
        except StopIteration as stop:
            return stop.value


def is_users(group: WriteGroup) -> bool:
    """Whether a group writes only what users write: no contracts, no grants, no cursors."""
    return not any(write.entry.region.startswith("_") for write in group.writes)


def _fresh() -> str:
    return new_key(time.time_ns() // 1000, os.urandom(8))


def _alone(group: WriteGroup, write: Write) -> WriteGroup:
    return replace(group, writes=(write,), key=_fresh(), guards=())


def _receipts(verdict: Verdict) -> tuple[Receipt, ...]:
    assert isinstance(verdict, Accepted | Duplicate)
    return verdict.receipts


class ComparesInAnEarlierRead(Broken):
    """Select, compare, then write without the version in the write's own condition."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        reader = reading.Reader(group.tenant, group.actor.name, StateCache())
        for write in group.writes:
            if write.expect and is_users(group):
                stands = self.inside.read(group.tenant, reading.read_entry(reader, write.entry))
                if stands.version != write.expect:
                    return self.inside.propose(group, deadline_s)
        time.sleep(0.002)  # as between two statements over a network
        while True:
            verdict = self.inside.propose(group, deadline_s)
            if not isinstance(verdict, Refusal) or verdict.code != "version_conflict":
                return verdict
            now = verdict.facts["version"]
            group = replace(group, writes=tuple(replace(w, expect=now) for w in group.writes))


class ComparesTexts(Broken):
    """Compare-and-set over what the text says, so that A, B, A is taken for no change."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        verdict = self.inside.propose(group, deadline_s)
        (write, *_) = group.writes
        if not (
            isinstance(verdict, Refusal) and verdict.code == "version_conflict" and write.expect
        ):
            return verdict
        reader = reading.Reader(group.tenant, group.actor.name, StateCache())
        then = self.inside.read(
            group.tenant, reading.read_version(reader, write.entry, write.expect)
        )
        now = self.inside.read(group.tenant, reading.read_entry(reader, write.entry))
        if [line.text for line in then.value or ()] != [line.text for line in now.value or ()]:
            return verdict
        again = replace(group, writes=(replace(write, expect=now.version),))
        return self.inside.propose(again, deadline_s)


class RestartsVersions(Broken):
    """Versions count from 1 again after a delete."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._graves: dict[EntryKey, int] = {}

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        below = [self._graves.get(write.entry, 0) for write in group.writes]
        moved = tuple(
            replace(write, expect=write.expect + base) if write.expect and base else write
            for write, base in zip(group.writes, below, strict=True)
        )
        verdict = self.inside.propose(replace(group, writes=moved), deadline_s)
        if not isinstance(verdict, Accepted):
            return verdict
        for write, receipt in zip(group.writes, verdict.receipts, strict=True):
            if write.operation == "delete":
                self._graves[write.entry] = receipt.version
        return Accepted(
            tuple(
                replace(receipt, version=receipt.version - base)
                for receipt, base in zip(verdict.receipts, below, strict=True)
            )
        )


class RepeatsRevisions(Broken):
    """Two commits in a row are told the same revision."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        verdict = self.inside.propose(group, deadline_s)
        if not isinstance(verdict, Accepted):
            return verdict
        return Accepted(
            tuple(replace(r, revision=r.revision - r.revision % 2) for r in verdict.receipts)
        )


class AcknowledgesFirst(Broken):
    """Answers at once and commits when the next write comes."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._owed: tuple[WriteGroup, float] | None = None

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        if self._owed is not None:
            self.inside.propose(*self._owed)
            self._owed = None
        if not is_users(group):
            return self.inside.propose(group, deadline_s)
        self._owed = group, deadline_s
        head = self.inside.position(group.tenant)
        reader = reading.Reader(group.tenant, group.actor.name, StateCache())
        stands = self.inside.read(group.tenant, reading.read_entry(reader, group.writes[0].entry))
        promised = Receipt(head.revision + 1, 0, stands.version + 1, 0, head.digest)
        return Accepted((promised,) * len(group.writes))


class BreaksGroups(Broken):
    """Commits the writes of a group one by one."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        if len(group.writes) == 1 or not is_users(group):
            return self.inside.propose(group, deadline_s)
        receipts: list[Receipt] = []
        for write in group.writes:
            verdict = self.inside.propose(_alone(group, write), deadline_s)
            if isinstance(verdict, Refusal):
                return verdict
            receipts += _receipts(verdict)
        return Accepted(tuple(receipts))


class LeavesRowsOfTheRefused(Broken):
    """A refused group leaves its first write behind."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        verdict = self.inside.propose(group, deadline_s)
        if isinstance(verdict, Refusal) and len(group.writes) > 1 and is_users(group):
            self.inside.propose(_alone(group, group.writes[0]), deadline_s)
        return verdict


class IgnoresKeys(Broken):
    """Every request is a new one."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        return self.inside.propose(replace(group, key=_fresh()), deadline_s)


class AnswersAnyBody(Broken):
    """Whatever is asked under a used key gets the answer of the first."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._known: dict[tuple[str, str, str], bytes] = {}

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        name = group.tenant, group.actor.name, group.key
        first = self._known.setdefault(name, group.fingerprint)
        return self.inside.propose(replace(group, fingerprint=first), deadline_s)


class ReexecutesExpired(Broken):
    """A retry whose key is long forgotten is taken for a new request."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        return self.inside.propose(replace(group, key_time_us=None), deadline_s)


class IgnoresGuards(Broken):
    """Commits whatever became of what was guarded."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        return self.inside.propose(replace(group, guards=()), deadline_s)


class SwallowsConflicts(Broken):
    """An update that came too late is acknowledged and dropped."""

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        verdict = self.inside.propose(group, deadline_s)
        if isinstance(verdict, Refusal) and group.writes[0].operation == "edit":
            head = self.inside.position(group.tenant)
            return Accepted((Receipt(head.revision, 0, 0, 0, head.digest),))
        return verdict


class ReportsCommitsAsRefused(Broken):
    """Some answers are lost on the way, and told as refusals."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._numbers = itertools.count(1)

    def propose(self, group: WriteGroup, deadline_s: float) -> Verdict:
        verdict = self.inside.propose(group, deadline_s)
        if isinstance(verdict, Accepted) and is_users(group) and next(self._numbers) % 10 == 0:
            return Refusal("version_conflict", "Not written.", {"expect": 0, "version": 0})
        return verdict


class ReadsOneBehind(Broken):
    """A point read is answered with what the one before it found."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._last: dict[Any, Any] = {}

    def answered(self, step: Step, answer: Answer) -> Answer:
        return [self._older(*each) for each in zip(step, answer, strict=True)]

    def _older(self, statement: Statement, rows: Sequence[Any]) -> Sequence[Any]:
        name = statement.rows[0]
        if statement.name != "point_read" or name[2].startswith("_"):
            return rows
        older: Sequence[Any] = self._last.get(name, rows)
        self._last[name] = rows
        return older


class PinsTheHead(Broken):
    """A read of the past is answered with the present."""

    def asked(self, step: Step) -> Step:
        return [
            Statement("point_read", [row[:4] for row in statement.rows])
            if statement.name == "pinned_read"
            else statement
            for statement in step
        ]


class MixesTenants(Broken):
    """Reads forget to say which tenant they mean."""

    def asked(self, step: Step) -> Step:
        return [
            Statement(name, [("default", *row[1:]) if row else row for row in rows])
            for name, rows in step
        ]


class _BreaksTheTail(Broken):
    """A watch reads the log through `tail`: here its commits pass through one more hand."""

    def tail(self, tenant: str, after: int, limit: int) -> list[Record]:
        """The records, as the subclass would have them."""
        found = commits(self.inside.tail(tenant, after, limit))
        return [record for commit in self.told(found) for record in commit]

    def told(self, found: list[tuple[Record, ...]]) -> list[tuple[Record, ...]]:
        """A hook: the commits that are told of."""
        return found


class SkipsWhatCameMeanwhile(_BreaksTheTail):
    """Of several commits found at once one is passed over: numbered, and not visible yet."""

    def told(self, found: list[tuple[Record, ...]]) -> list[tuple[Record, ...]]:
        return found[:-2] + found[-1:] if len(found) > 2 else found


class DeliversTwice(_BreaksTheTail):
    """A commit comes again after the one that followed it."""

    def told(self, found: list[tuple[Record, ...]]) -> list[tuple[Record, ...]]:
        return [*found[:2], found[0], *found[2:]] if len(found) > 1 else found


class DeliversOutOfOrder(_BreaksTheTail):
    """Two neighbours change places."""

    def told(self, found: list[tuple[Record, ...]]) -> list[tuple[Record, ...]]:
        return [found[1], found[0], *found[2:]] if len(found) > 2 else found


class DeliversHalves(_BreaksTheTail):
    """The last record of a group is not delivered."""

    def told(self, found: list[tuple[Record, ...]]) -> list[tuple[Record, ...]]:
        return [commit[:-1] if len(commit) > 1 else commit for commit in found]


Wrapper = Callable[[Engine], Broken]


def wrappers() -> Iterator[type[Broken]]:
    """Every broken engine of this file."""
    waiting: Sequence[type[Broken]] = Broken.__subclasses__()
    for kind in waiting:
        if kind.__name__.startswith("_"):
            yield from kind.__subclasses__()
        else:
            yield kind
