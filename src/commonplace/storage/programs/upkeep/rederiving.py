"""Rederiving: the derived tables checked against the records, for an audit.

Every record is asked again what follows from it, and each row is looked up. If then a table holds
more rows than were found, it is searched for those that no record made.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commonplace import limits
from commonplace.core import reserved
from commonplace.model.entry import EntryKey
from commonplace.model.record import Record
from commonplace.storage.programs.deriving import TABLES, Table, derived, tells
from commonplace.storage.programs.upkeep.inspection import Find
from commonplace.storage.rows import record_of
from commonplace.storage.step import Answer, Row, Statement, Step

_LACKS: Final = "the table {} lacks what it says"
_OTHER: Final = "the table {} says another thing"

Place = tuple[int, int]


@dataclass(slots=True)
class Rederiver:
    """One check on its way: `take` whole rows of the log entry by entry, then `finish`."""

    tenant: str
    find: Find
    matched: dict[str, int] = field(default_factory=dict)
    again: dict[str, set[Row]] = field(default_factory=dict)
    settled: dict[tuple[str, int, int], str] = field(default_factory=dict)
    settled_before: dict[tuple[str, int, int], str] = field(default_factory=dict)
    dispatch: Record | None = None

    def take(self, rows: Iterable[Row]) -> Generator[Step, Answer, None]:
        """Check what follows from some records."""
        asked: dict[str, list[tuple[Table, Row, Record]]] = {}
        for row in rows:
            if self.dispatch is not None and self.dispatch.entry != row[6:9]:
                yield from self._check_waiting(self.dispatch)
                self.dispatch = None
            if not tells(row[7], row[10], row[12]):
                continue
            try:
                record = record_of(row)
                self._expect(record, asked)
            except Exception:  # boundary: a damaged row has its finding already
                continue
            if record.entry.region == reserved.DISPATCHES:
                self.dispatch = record
        if asked:
            answers = yield tuple(
                Statement(f"{name}_probe", [row[: table.key] for table, row, _ in each])
                for name, each in asked.items()
            )
            for each, found in zip(asked.values(), answers, strict=True):
                self._compare(each, found)

    def finish(self) -> Generator[Step, Answer, None]:
        """Check what is there besides."""
        if self.dispatch is not None:
            yield from self._check_waiting(self.dispatch)
        yield from self._check_settled()
        for table in TABLES.values():
            (rows,) = yield (Statement(f"{table.name}_count", [(self.tenant,)]),)
            known = self.matched.get(table.name, 0) + len(self.again.get(table.name, ()))
            if rows[0][0] != known:
                yield from self._search(table)
        (rows,) = yield (Statement("waiting_count_all", [(self.tenant,)]),)
        if rows[0][0] != self.matched.get("waiting", 0):
            yield from self._search_waiting()

    def _expect(self, record: Record, asked: dict[str, list[tuple[Table, Row, Record]]]) -> None:
        for name, bindings in derived(self.tenant, [record]):
            table = TABLES.get(name)
            if table is not None and bindings:
                rows = dict.fromkeys(bindings)
                asked.setdefault(table.name, []).extend((table, row, record) for row in rows)
            elif name == "notice_settle":
                told = self.settled if record.operation == "acknowledge" else self.settled_before
                told |= {(row[1], row[2], row[3]): row[4] for row in bindings}

    def _compare(self, asked: Sequence[tuple[Table, Row, Record]], answers: Sequence[Row]) -> None:
        key = asked[0][0].key
        found = {row[:key]: row for row in answers}
        for table, row, record in asked:
            held = found.get(row[:key])
            if held == row:
                if record.operation == "erase":
                    self.again.setdefault(table.name, set()).add(row)
                else:
                    self.matched[table.name] = self.matched.get(table.name, 0) + 1
            elif held is None:
                self._note(record, _LACKS.format(table.name))
            elif not _is_earlier(table, held, row):
                self._note(record, _OTHER.format(table.name))

    def _note(self, record: Record, message: str) -> None:
        place = (record.revision, record.index)
        self.find("derived", place, str(record.reference), message)

    # --- rows that change ---------------------------------------------------------------------

    def _check_waiting(self, record: Record) -> Generator[Step, Answer, None]:
        """Of a dispatch, its newest record says whom it waits for."""
        (expected,) = derived(self.tenant, [record])[-1:]
        (rows,) = yield (Statement("waiting_probe", [(self.tenant, *record.entry)]),)
        due = list(expected.rows) if expected.name == "waiting_put" else []
        if list(rows) != due:
            self._note(record, (_OTHER if rows else _LACKS).format("waiting"))
        elif rows:
            self.matched["waiting"] = self.matched.get("waiting", 0) + 1

    def _check_settled(self) -> Generator[Step, Answer, None]:
        known = self.settled_before | self.settled
        start = 0
        while True:
            page = (self.tenant, limits.MAX_PAGE_ROWS, start)
            (rows,) = yield (Statement("notice_settled", [page]),)
            for actor, revision, index, settled in rows:
                if settled != known.get((actor, revision, index), ""):
                    what = f"the notice to {actor} is said to be {settled or 'pending'!r}"
                    self.find("derived", (revision, index), "", what)
            if len(rows) < limits.MAX_PAGE_ROWS:
                return
            start += len(rows)

    # --- rows too many ------------------------------------------------------------------------

    def _search(self, table: Table) -> Generator[Step, Answer, None]:
        """Find the rows of a table that the records they name did not make."""
        start = 0
        while True:
            page = (self.tenant, limits.MAX_PAGE_ROWS, start)
            (rows,) = yield (Statement(f"{table.name}_scan", [page]),)
            made = yield from self._made_at(table, rows)
            for row in rows:
                if row not in made and row not in self.again.get(table.name, ()):
                    place = (
                        row[table.revision],
                        max(0, row[table.place] if table.place >= 0 else 0),
                    )
                    what = f"the table {table.name} has a row that no record made"
                    self.find("derived", place, "", what)
            if len(rows) < limits.MAX_PAGE_ROWS:
                return
            start += len(rows)

    def _made_at(self, table: Table, rows: Sequence[Row]) -> Generator[Step, Answer, set[Row]]:
        """What the records that rows name make of a table."""
        if table.place < 0:
            asked: list[Row] = [(self.tenant, row[1]) for row in rows]
            (found,) = yield (Statement("serves_of_turn", asked),)
        else:
            places = sorted({(row[table.revision], row[table.place]) for row in rows})
            asked = [(self.tenant, *place) for place in places]
            (found,) = yield (Statement("record_placed", asked),)
        made: set[Row] = set()
        for each in found:
            try:
                statements = derived(self.tenant, [record_of(each)])
            except Exception:  # boundary: a damaged row has its finding already
                continue
            for name, bindings in statements:
                if TABLES.get(name) == table:
                    made.update(bindings)
        return made

    def _search_waiting(self) -> Generator[Step, Answer, None]:
        """Find dispatches that are said to wait and do not exist."""
        start = 0
        while True:
            page = (self.tenant, limits.MAX_PAGE_ROWS, start)
            (rows,) = yield (Statement("waiting_scan", [page]),)
            keys = [(self.tenant, *row[1:4]) for row in rows]
            (stand,) = yield (Statement("entry_load", keys),)
            there = {row[1:4] for row in stand}
            for row in rows:
                if row[1:4] not in there:
                    entry = EntryKey(*row[1:4])
                    what = f"{entry.region}/{entry.key} is said to wait, and was never sent"
                    self.find("derived", (row[6], row[7]), "", what)
            if len(rows) < limits.MAX_PAGE_ROWS:
                return
            start += len(rows)


def _is_earlier(table: Table, held: Row, row: Row) -> bool:
    """Whether a row that stands under a key is of an earlier record, which then is right."""

    def place(each: Row) -> tuple[Any, Any]:
        return each[table.revision], each[table.place] if table.place >= 0 else 0

    return place(held) < place(row)
