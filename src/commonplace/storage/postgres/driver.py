"""Driver: runs a program on one connection, each step in one round trip.

It knows nothing of what a program means. It adds what PostgreSQL needs around a program's
steps: the tenant's name in each transaction, for row-level security; the right to write, which
is the tenant's row, taken by a statement of its own; and a transaction around a step that has
none. It sees to it that no transaction is left open, whatever happens.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from commonplace import limits
from commonplace.errors import EngineUnavailable, UnsafeStorage
from commonplace.storage.postgres import faults, trigrams
from commonplace.storage.postgres.faults import Busy, InDoubt, NotHad
from commonplace.storage.postgres.statements import set_wise
from commonplace.storage.postgres.wire import SILENCE_S, Column, Failed, Lost, Sent, Wire
from commonplace.storage.step import Program, Row, Statement, Step

T = TypeVar("T")

_COMMIT: Final = "commit"
_OPENS: Final = ("begin_write", "begin_read")
_WEAK: Final = ("off", "local", "remote_write")
_WAITS: Final = ("tenant_queue", "tenant_row")
"""What is waited for: the head of the queue, and then the row itself."""
_IDLE_MS: Final = 10_000
"""How long a writer may sit inside a transaction before the server ends its session: one that
was stopped must not keep the others from writing for ever."""


_PAUSE_S: Final = 0.05


class Terms(NamedTuple):
    """In what name, and how patiently, programs are run.

    `role`: the role that transactions take on; "" keeps that of the session. `wait_ms`: how
    long the tenant's row is waited for; 0 does not wait at all. `bell`: the channel that is
    notified after a commit, or "" for none. `silence_s`: how long the server may say nothing
    besides. `again`: a transaction that is lost in its first step is begun again.
    """

    tenant: str
    role: str = ""
    wait_ms: int = _IDLE_MS
    bell: str = ""
    silence_s: float = SILENCE_S
    again: bool = True


class Driver:
    """One connection and the statements it knows; used by one thread at a time.

    `connect` opens another when it breaks, or raises `EngineUnavailable`.
    """

    def __init__(self, connect: Callable[[], Wire], place: str) -> None:
        self.wire = connect()
        self.now_us = 0
        """The server's clock when the last transaction that writes began."""
        self.has_standbys = False
        """Whether the server had COMMIT wait for standbys, when that was."""
        self._connect = connect
        self._set_wise = set_wise()
        self.place = place
        self._inside = False
        self._holds = False
        self._committed = False
        self._waiting: Callable[[], None] | None = None

    @property
    def has_committed(self) -> bool:
        """Whether the last program that was run has committed anything."""
        return self._committed

    def run(self, program: Program[T], terms: Terms) -> T:
        """Run `program` to its end and give what it returns.

        Raises `NotHad` when nothing was written and the whole may be run again, `InDoubt` when
        COMMIT was sent and not answered, and else errors of ours.
        """
        self._committed = False
        try:
            step = next(program)
            while True:
                step = program.send(self._answer(step, terms))
        except StopIteration as stop:
            if self._inside:
                self._abandon(program)
                raise AssertionError("a program ended inside its transaction") from None
            return stop.value  # type: ignore[no-any-return]
        except Failed as error:
            self._abandon(program)
            self._leave(error)
            if error.sqlstate in faults.AGAIN and not self._committed:
                raise (Busy if error.sqlstate == faults.BUSY else NotHad)(str(error)) from error
            raise faults.translate(error, self.place) from error
        except Lost as error:
            self._abandon(program)
            if self._committed:
                raise faults.unreachable(self.place, str(error)) from error
            raise NotHad(str(error)) from error
        except BaseException:
            self._abandon(program)
            raise

    def hold(self, terms: Terms, waiting: Callable[[], None] | None = None) -> None:
        """Begin a transaction and wait for the tenant's row; the next program finds it held.

        `waiting` is called if that takes long. Raises `NotHad`, and then no transaction is open.
        """
        self._waiting = waiting
        try:
            self._open("begin_write", terms, ())
        except (Failed, Lost) as error:
            self.let_go()
            self._leave(error)
            raise NotHad(str(error)) from error
        finally:
            self._waiting = None
        self._holds = True

    def let_go(self) -> None:
        """End whatever transaction is open; harmless when there is none."""
        self._inside = self._holds = False
        if not self.wire.is_lost and self.wire.is_inside:
            try:
                self.wire.run((Sent("rollback"),))
            except (Failed, Lost):
                self.wire.close()

    def _leave(self, error: Failed | Lost) -> None:
        """Close a connection that would go on like this."""
        if isinstance(error, Failed) and error.sqlstate in faults.ELSEWHERE:
            self.wire.close()

    # --- steps -----------------------------------------------------------------------------------

    def _answer(self, step: Step, terms: Terms) -> Sequence[Sequence[Row]]:
        first = step[0].name
        if first in _OPENS:
            if self._holds and first == "begin_write":
                self._holds = False
                return [[], *self._run(step[1:], terms)]
            if first == "begin_write" and not terms.again:
                return [[], *self._open(first, terms, step[1:])]
            return [[], *self._persist(lambda: self._open(first, terms, step[1:]))]
        if self._inside or first == "settle":
            return self._run(step, terms)
        sent = (Sent("begin_step"), Sent("tenant_see", _seen(terms)))
        return self._persist(lambda: self._run(step, terms, before=sent, after=(Sent(_COMMIT),)))

    def _persist(self, ask: Callable[[], T]) -> T:
        """Ask, and ask again on another connection: nothing was told or written before."""
        until_s = time.monotonic() + limits.DEADLINE_S
        for failures in itertools.count():
            try:
                return ask()
            except (Failed, Lost) as error:
                if isinstance(error, Failed) and error.sqlstate not in faults.ELSEWHERE:
                    raise
                if time.monotonic() > until_s:
                    raise
            self._inside = False
            self.wire.close()
            if failures:
                time.sleep(_PAUSE_S)
            self._renew(until_s)
        raise AssertionError("unreachable")

    def _renew(self, until_s: float) -> None:
        """Connect again, as soon as the server is there."""
        while True:
            try:
                self.wire = self._connect()
            except EngineUnavailable:
                if time.monotonic() > until_s:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _open(self, name: str, terms: Terms, rest: Step) -> Sequence[Sequence[Row]]:
        self._inside = True
        if name == "begin_read":
            return self._run(rest, terms, before=(Sent(name), Sent("tenant_see", _seen(terms))))
        wait = (str(terms.wait_ms), str(_IDLE_MS))
        rows = _WAITS if terms.wait_ms else ("tenant_row_now",)
        before = (
            Sent(name),
            Sent("tenant_set", (*_seen(terms), *wait)),
            *(Sent(row, (terms.tenant,)) for row in rows),
        )
        answers: list[list[Row]] = []
        found = self._run(rest, terms, before=before, head=answers)
        self.now_us, durability, has_standbys = answers[1][0][-3:]
        self.has_standbys = bool(has_standbys)
        if durability in _WEAK:
            raise UnsafeStorage(
                f"Nothing was written: {self.place} has synchronous_commit={durability}, so a "
                "crash would lose acknowledged writes. Set it to on or stronger.",
                path=self.place,
            )
        return found

    def _run(
        self,
        step: Step,
        terms: Terms,
        *,
        before: Sequence[Sent] = (),
        after: Sequence[Sent] = (),
        head: list[list[Row]] | None = None,
    ) -> list[list[Row]]:
        """One round trip: `before`, the statements of the step, `after`."""
        sent, spans, commits = list(before), list[slice](), -1
        for statement in step:
            if statement.name == _COMMIT:
                commits = len(sent)
            if statement.name in trigrams.ASKS:
                sent.append(Sent("sought_ask", (trigrams.array_of(statement.rows[0]),)))
            executions = self._executions(statement)
            spans.append(slice(len(sent), len(sent) + len(executions)))
            sent += executions
        sent += after
        if commits >= 0 and terms.bell:
            sent.append(Sent("notify", (terms.bell, "")))
        answers = self._trip(sent, commits, terms) if sent else []
        if commits >= 0 or (step and step[-1].name == "rollback"):
            self._inside = False
        if head is not None:
            head += answers[: len(before)]
        return [_joined(answers[span]) for span in spans]

    def _trip(self, sent: Sequence[Sent], commits: int, terms: Terms) -> list[list[Row]]:
        try:
            answers = self.wire.run(sent, _patience_s(sent, terms), self._waiting)
        except Lost as error:
            if commits >= 0 and self._inside and error.answered <= commits:
                raise InDoubt(str(error)) from error
            if commits < 0 or error.answered <= commits:
                raise
            answers = [[] for _ in sent]  # committed; what was lost came after it
        except Failed as error:
            if commits < 0 or error.number < commits:
                raise
            if error.number == commits and error.sqlstate[:2] not in ("23", "40"):
                raise InDoubt(str(error)) from error
            if error.number == commits:
                raise
            answers = [[] for _ in sent]  # committed; the bell is a hint and no more
        if commits >= 0 and self._inside:
            self._committed = True
            if commits in self.wire.warned:
                raise InDoubt("the server did not wait for its standby")
        return answers

    def _executions(self, statement: Statement) -> list[Sent]:
        name, rows = statement
        if not rows:
            return []
        binds = trigrams.BINDS.get(name)
        if binds is not None:
            rows = [binds(row) for row in rows]
        columns = self._set_wise.get(name)
        if columns:
            values = zip(columns, zip(*rows, strict=True), strict=True)
            return [Sent(name, [Column(kind, column) for kind, column in values])]
        return [Sent(name, row) for row in rows]

    def _abandon(self, program: Program[Any]) -> None:
        """Leave no transaction or generator open."""
        program.close()
        self.let_go()


def _seen(terms: Terms) -> tuple[str, str]:
    return terms.tenant, terms.role


def _patience_s(sent: Sequence[Sent], terms: Terms) -> float:
    """How long the server may say nothing: longer if it waits for the tenant's row."""
    waits = sum(each.name in _WAITS for each in sent)
    return terms.silence_s + waits * terms.wait_ms / 1000


def _joined(answers: Sequence[list[Row]]) -> list[Row]:
    """The rows of one statement, from those of its executions."""
    return answers[0] if len(answers) == 1 else [row for rows in answers for row in rows]
