"""Driver: runs a program on a connection, one statement after the other.

It knows nothing of what a program means. Bounds of transactions are ordinary statements of
its steps; the driver only sees to it that none is left open, whatever happens.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import apsw

from commonplace.storage.sqlite.faults import CommitUnknown, commit_failed_for_certain, translate
from commonplace.storage.step import Program, Row, Step

T = TypeVar("T")

_COMMIT: Final = "commit"


class Driver:
    """One connection and the statements it knows; used by one thread at a time."""

    def __init__(
        self, connection: apsw.Connection, statements: Mapping[str, str], path: str
    ) -> None:
        self.connection = connection
        self._statements = statements
        self._path = path
        self._cursor = connection.cursor()

    def run(self, program: Program[T]) -> T:
        """Run `program` to its end and give what it returns.

        On any error the transaction is rolled back and the program closed; SQLite's errors
        are raised as ours. Raises `CommitUnknown` if COMMIT itself failed in a way that
        leaves open whether it landed: the connection must then be discarded.
        """
        connection = self.connection
        try:
            step = next(program)
            while True:
                step = program.send(self._answer(step))
        except StopIteration as stop:
            if connection.in_transaction:
                self._abandon(program)
                raise AssertionError("a program ended inside its transaction") from None
            return stop.value  # type: ignore[no-any-return]
        except apsw.Error as error:
            self._abandon(program)
            raise translate(error, self._path) from error
        except BaseException:
            self._abandon(program)
            raise

    def ask(self, name: str) -> list[Row]:
        """The rows of one statement, outside any program."""
        try:
            return self._cursor.execute(self._statements[name]).fetchall()
        except apsw.Error as error:
            raise translate(error, self._path) from error

    def _answer(self, step: Step) -> list[list[Row]]:
        cursor, statements = self._cursor, self._statements
        answer: list[list[Row]] = []
        for name, rows in step:
            if name == _COMMIT:
                self._commit()
                answer.append([])
            elif len(rows) == 1:
                answer.append(cursor.execute(statements[name], rows[0]).fetchall())
            elif rows:
                answer.append(cursor.executemany(statements[name], rows).fetchall())
            else:
                answer.append([])
        return answer

    def _commit(self) -> None:
        try:
            self._cursor.execute(self._statements[_COMMIT])
        except apsw.Error as error:
            if commit_failed_for_certain(error):
                raise
            raise CommitUnknown(str(error)) from error

    def _abandon(self, program: Program[T]) -> None:
        """Leave no transaction, cursor or generator open."""
        program.close()
        self._cursor.close(True)
        self._cursor = self.connection.cursor()
        if self.connection.in_transaction:
            try:
                self._cursor.execute(self._statements["rollback"])
            except apsw.Error:
                # Some errors roll back by themselves; what is left ends with the connection.
                if self.connection.in_transaction:
                    raise
