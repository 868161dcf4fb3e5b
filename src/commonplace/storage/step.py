"""Statement, Step and Program: a transaction written once, for every engine.

A program is a generator that yields steps and is sent rows. A step is a list of named
statements, each with the rows to bind; it is answered by one list of rows per statement.
An engine's driver runs a step (SQLite one statement after the other, PostgreSQL as one
pipeline) and knows nothing of what it means. The protocol is psycopg's generator style.
"""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

Row = tuple[Any, ...]


class Statement(NamedTuple):
    """A statement by the name of its `.sql` file section, run once for each row of `rows`."""

    name: str
    rows: Sequence[Row] = ((),)


Step = Sequence[Statement]
Answer = Sequence[Sequence[Row]]
Program = Generator[Step, Answer, T]
