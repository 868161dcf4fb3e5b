"""Wire: many statements to a server, and their rows back, in one round trip.

This is libpq's pipeline mode, used as libpq has it: a connection stays in the mode for its whole
life, each statement is parsed once per connection, and all of a step goes out before anything of
it is waited for. Parameters and rows travel in binary.
"""

import re
import select
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from commonplace.storage.step import Row

_INT8: Final = struct.Struct(">q").pack
_INT4: Final = struct.Struct(">i").pack
_SIZED_INT8: Final = struct.Struct(">iq").pack
_NOTHING: Final = _INT4(-1)
_OIDS: Final = {"text": 25, "bigint": 20, "bytea": 17}
_COLUMN: Final = re.compile(r"\$\d+::(text|bigint|bytea)\[\]")
_SET_WISE: Final = re.compile(r"\bunnest\(\s*\$1\b")
_BINARY: Final = 1

SILENCE_S: Final = 60.0
"""How long a server may say nothing at all before its connection counts as lost: a host that
is gone is found out by TCP, but not one that is stopped, or cut off behind a proxy."""

_SOON_MS: Final = 100
"""A server that has not answered by then is waiting for somebody itself."""


class Sent(NamedTuple):
    """One execution of a named statement: what it binds."""

    name: str
    values: Sequence[Any] = ()


class Failed(Exception):
    """The server refused a statement; those after it were not run. `number` counts from 0."""

    def __init__(self, number: int, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.sqlstate = sqlstate


class Lost(Exception):
    """The connection is gone. `answered` statements were done before it went, perhaps more."""

    def __init__(self, answered: int, message: str) -> None:
        super().__init__(message)
        self.answered = answered


def columns_of(sql: str) -> tuple[str, ...]:
    """The types of the arrays that a set-wise statement takes; empty for any other."""
    return tuple(_COLUMN.findall(sql)) if _SET_WISE.search(sql) else ()


class Wire:
    """One connection in pipeline mode; used by one thread at a time.

    `sql` holds every statement by its name. `prepare` parses each once per connection, which
    a pooler that hands sessions around between transactions does not bear. `each_time` names
    statements that are planned anew for every binding.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        sql: Mapping[str, str],
        *,
        prepare: bool,
        each_time: frozenset[str] = frozenset(),
    ) -> None:
        self.connection = connection
        self.warned: set[int] = set()
        """The statements of the last round trip, by their numbers, of which the server warned."""
        self.is_lost = False
        self._pgconn = connection.pgconn
        self._pgconn.nonblocking = 1
        self._pgconn.enter_pipeline_mode()
        self._pgconn.notice_handler = self._notice
        self._sql = sql
        self._prepare = prepare
        self._each_time = each_time
        self._prepared: set[str] = set()
        self._loader = Transformer(connection)
        self._number = 0
        self._failed: Failed | None = None

    @property
    def is_alive(self) -> bool:
        """Whether nothing was heard of its end; a connection at rest has nothing to say."""
        if self.is_lost:
            return False
        poll = select.poll()
        poll.register(self._pgconn.socket, select.POLLIN)
        try:
            while poll.poll(0):  # last words, and after them the end
                self._pgconn.consume_input()
        except psycopg.Error:
            self.is_lost = True
        return not self.is_lost and self._pgconn.status == pq.ConnStatus.OK

    @property
    def is_inside(self) -> bool:
        """Whether a transaction is open, as the server said last."""
        return self._pgconn.transaction_status != pq.TransactionStatus.IDLE

    def run(
        self,
        statements: Sequence[Sent],
        silence_s: float = SILENCE_S,
        waiting: Callable[[], None] | None = None,
    ) -> list[list[Row]]:
        """Run these in one round trip and give the rows of each.

        `waiting` is called when the first answer lets wait for itself.

        Raises `Failed`, or `Lost` when the connection broke, or the server has said nothing for
        `silence_s`; after that, or after any other error, the wire is of no more use than to be
        closed. A server that ended the session and said so has `Failed`.
        """
        self.warned.clear()
        self._number, self._failed = 0, None
        answers: list[list[Row]] = []
        try:
            told = [self._send(each) for each in statements]
            self._pgconn.pipeline_sync()
            self._receive(told, answers, self._results(silence_s, waiting))
        except psycopg.Error as error:
            self.is_lost = True
            if self._failed is None:
                raise Lost(len(answers), _first_line(str(error))) from error
        except BaseException:
            self.is_lost = True
            raise
        if self._failed is not None:
            raise self._failed
        return answers

    def close(self) -> None:
        """End the session."""
        self.is_lost = True
        self.connection.close()

    # --- sending ---------------------------------------------------------------------------------

    def _send(self, statement: Sent) -> str:
        """Queue one execution; the name of what has to be parsed for it, or ""."""
        name, values = statement
        parameters = [_encoded(value) for value in values]
        formats = [_BINARY] * len(parameters)
        if not self._prepare or name in self._each_time:
            sql = self._sql[name].encode()
            self._pgconn.send_query_params(sql, parameters, None, formats, _BINARY)
            return ""
        key = name.encode()
        parsing = name not in self._prepared
        if parsing:
            self._pgconn.send_prepare(key, self._sql[name].encode())
            self._prepared.add(name)
        self._pgconn.send_query_prepared(key, parameters, formats, _BINARY)
        return name if parsing else ""

    # --- receiving -------------------------------------------------------------------------------

    def _receive(
        self,
        told: Sequence[str],
        answers: list[list[Row]],
        next_result: Callable[[], pq.abc.PGresult],
    ) -> None:
        """Take in what each statement answered, up to the end of the round trip."""
        for number, parsed in enumerate(told):
            self._number = number
            if parsed and not self._is_well(next_result()):
                self._prepared.discard(parsed)
            result = next_result()
            if self._is_well(result):
                answers.append(self._rows(result))
        result = next_result()
        if result.status != pq.ExecStatus.PIPELINE_SYNC:
            raise psycopg.OperationalError(f"out of step: {result.status}")

    def _is_well(self, result: pq.abc.PGresult) -> bool:
        """Whether a statement was parsed, or run; notes why the first was not that was not."""
        if result.status == pq.ExecStatus.FATAL_ERROR and self._failed is None:
            self._failed = self._failure(result)
        return result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

    def _failure(self, result: pq.abc.PGresult) -> Failed:
        message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
        sqlstate = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        if not sqlstate:
            # libpq's own word, not the server's: the connection broke.
            raise psycopg.OperationalError(message or result.get_error_message())
        return Failed(self._number, sqlstate, message)

    def _rows(self, result: pq.abc.PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        self._loader.set_pgresult(result)
        return self._loader.load_rows(0, result.ntuples, tuple)

    def _results(
        self, silence_s: float, waiting: Callable[[], None] | None
    ) -> Callable[[], pq.abc.PGresult]:
        """What gives one result after the other, waiting for the server where it must."""
        pgconn = self._pgconn
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN | select.POLLOUT)
        unsent = True

        def heard() -> bool:
            """Wait for the server: whether it says something, or only takes more in."""
            nonlocal waiting
            ready = [] if waiting is None else poll.poll(_SOON_MS)
            if not ready and waiting is not None:
                tell, waiting = waiting, None
                tell()
            ready = ready or poll.poll(silence_s * 1000)
            if not ready:
                raise psycopg.OperationalError(f"the server said nothing for {silence_s:g} s")
            return bool(ready[0][1] & ~select.POLLOUT)

        def next_result() -> pq.abc.PGresult:
            nonlocal unsent
            while True:
                if unsent and not pgconn.flush():
                    unsent = False
                    poll.modify(pgconn.socket, select.POLLIN)
                if not pgconn.is_busy():
                    result = pgconn.get_result()
                    if result is not None:
                        return result
                    if pgconn.status != pq.ConnStatus.OK:
                        raise psycopg.OperationalError(pgconn.get_error_message())
                    continue  # None: the end of what one statement has to say
                if heard():
                    pgconn.consume_input()

        return next_result

    def _notice(self, result: pq.abc.PGresult) -> None:
        """A warning: of COMMIT, that it did not wait for a standby as it should have."""
        if result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) == b"WARNING":
            self.warned.add(self._number)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


# --- parameters -----------------------------------------------------------------------------------


class Column(NamedTuple):
    """All values of one column of a set-wise statement."""

    kind: str
    values: Sequence[Any]


def _encoded(value: Any) -> bytes | None:
    if type(value) is str:
        return value.encode()
    if type(value) is int:
        return _INT8(value)
    if value is None or type(value) is bytes:
        return value
    if type(value) is Column:
        return _array(*value)
    if type(value) is list:
        return _array("bigint", value)
    if isinstance(value, str):  # an enumeration's member
        return str.__str__(value).encode()
    return _INT8(int(value))


def _array(kind: str, values: Sequence[Any]) -> bytes:
    """An array of one dimension as PostgreSQL's binary format has it."""
    count = len(values)
    if not count:
        return struct.pack(">iii", 0, 0, _OIDS[kind])
    head = struct.pack(">iiiii", 1, 1, _OIDS[kind], count, 1)
    if values.count(values[0]) == count:  # as most columns of a batch are
        data = _encoded(values[0])
        return head + (_NOTHING if data is None else _INT4(len(data)) + data) * count
    if kind == "bigint" and None not in values:
        return head + b"".join(map(_SIZED_INT8, repeat(8), values))
    parts = [head]
    for value in values:
        data = _encoded(value)
        if data is None:
            parts.append(_NOTHING)
        else:
            parts += _INT4(len(data)), data
    return b"".join(parts)
