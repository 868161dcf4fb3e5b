"""Audit: whatever is changed in the file behind everybody's back is found, and named."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from commonplace.errors import AccessDenied, Compacted
from commonplace.model.audit import AuditReport
from commonplace.model.receipt import Position
from commonplace.storage.cache import StateCache
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.auditing import audit, examine
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.sqlite.statements import statements
from commonplace.storage.step import Program
from histories import BLOCK, FACT, IN_MEMORY, NOTES, TENANT, Memory, busy, opened


class Tampered:
    """A copy of a memory's file, changed and audited inside a transaction that is taken back."""

    def __init__(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self.rows = self.sql("SELECT * FROM log ORDER BY revision, place")
        self.columns = [row[1] for row in self.sql("PRAGMA table_info(log)")]

    def sql(self, statement: str, *bindings: Any) -> list[Any]:
        return self._connection.execute(statement, bindings).fetchall()

    def audited(self, *changes: tuple[Any, ...], expect: Position | None = None) -> AuditReport:
        self.sql("BEGIN")
        try:
            for statement, *bindings in changes:
                self.sql(statement, *bindings)
                assert self._connection.changes() > 0, statement
            return self._run(examine(TENANT, expect))
        finally:
            self.sql("ROLLBACK")

    def _run(self, program: Program[Any]) -> Any:
        answer: Any = None
        while True:
            try:
                step = program.send(answer)
            except StopIteration as stop:
                return stop.value
            answer = [
                [row for binding in rows for row in self.sql(statements()[name], *binding)]
                for name, rows in step
                if name not in {"begin_read", "rollback"}
            ] or [[]]

    def close(self) -> None:
        self._connection.close()


def life(memory: Memory, archived: Path | None) -> None:
    """A life with every kind of record, checkpoint and gap in it."""
    busy(memory, 11, 40)
    memory.append("x" * 5000)
    memory.execute(erase(memory.author, NOTES, [1]))
    busy(memory, 12, 25)
    memory.execute(compact(memory.author, memory.head.revision - 12))
    if archived is not None:
        memory.execute(archive(memory.author, memory.audit().floor - 2, str(archived)))
    busy(memory, 13, 20)
    memory.execute(erase(memory.author, BLOCK, [memory.read(BLOCK).version]))
    memory.cursor(4)
    for number in range(6):
        memory.put({"light": number, "big": "y" * 1000}, FACT)
    memory.assert_sound()


@pytest.fixture(scope="module", params=["whole", "archived"])
def tampered(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Tampered]:
    folder = tmp_path_factory.mktemp("audit")
    with opened(folder / "m.db") as memory:
        life(memory, folder / "old.log" if request.param == "archived" else None)
    shutil.copy(folder / "m.db", folder / "copy.db")
    copy = Tampered(folder / "copy.db")
    assert copy.audited().ok
    yield copy
    copy.close()


def assert_names(report: AuditReport, row: dict[str, Any], what: str) -> None:
    """Whether a finding names the record: by its place, or by its entry and version."""
    key = f"/{row['key']}" if row["key"] else ""
    reference = f"{row['namespace']}:{row['region']}{key}@{row['version']}".replace(">", "%3E")
    named = any(
        (finding.revision, finding.index) == (row["revision"], row["place"])
        or finding.reference == reference
        for finding in report.findings
    )
    assert named, (what, reference, row["revision"], [str(f) for f in report.findings])


def other(value: Any, column: str) -> Any:
    """Another value of the same type."""
    if value is None:
        return "x" if column in {"reason", "made"} else b"{}"
    if column == "identity":
        return "host" if value == "declared" else "declared"
    if column in {"dead", "is_base"}:
        return 1 - value
    if isinstance(value, int):
        return value + 1000
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    return f"{value}x" if value else "x"


def test_every_column_of_every_record(tampered: Tampered) -> None:
    tried = 0
    columns = [name for name in tampered.columns if name != "tenant"]
    for number, values in enumerate(tampered.rows):
        row = dict(zip(tampered.columns, values, strict=True))
        where = "WHERE revision = ? AND place = ?"
        for column in columns if number % 5 == 0 else columns[number % 5 :: 5]:
            change = f"UPDATE log SET {column} = ? {where}"
            if column == "is_base" and row["payload"] is None:
                continue  # replay never begins at a record that has nothing to replay
            report = tampered.audited(
                (change, other(row[column], column), row["revision"], row["place"])
            )
            tried += 1
            assert not report.ok, (column, row)
            assert_names(report, row, column)
            if row[column] is None or column in {"revision", "place"}:
                continue
            if column in {"salt", "payload", "reason", "payload_digest", "checkpoint", "previous"}:
                report = tampered.audited((f"UPDATE log SET {column} = NULL {where}", *row_at(row)))
                assert_names(report, row, f"{column} removed")
    assert tried > 300


def row_at(row: dict[str, Any]) -> tuple[int, int]:
    return row["revision"], row["place"]


def test_every_record_deleted(tampered: Tampered) -> None:
    for values in tampered.rows:
        row = dict(zip(tampered.columns, values, strict=True))
        report = tampered.audited(
            ("DELETE FROM log WHERE revision = ? AND place = ?", *row_at(row))
        )
        assert_names(report, row, "deleted")


def test_a_body_taken_away(tampered: Tampered) -> None:
    gone = "UPDATE log SET salt = NULL, payload = NULL, reason = NULL, payload_digest = NULL"
    for values in tampered.rows:
        row = dict(zip(tampered.columns, values, strict=True))
        if row["salt"] is None:
            continue
        report = tampered.audited((f"{gone} WHERE revision = ? AND place = ?", *row_at(row)))
        assert_names(report, row, "body")


def test_two_records_swapped(tampered: Tampered) -> None:
    rows = [dict(zip(tampered.columns, values, strict=True)) for values in tampered.rows]
    for first, second in itertools.pairwise(rows):
        if first["region"].startswith("_") != second["region"].startswith("_"):
            continue
        move = "UPDATE log SET revision = ?, place = ? WHERE revision = ? AND place = ?"
        away = (10**6, 0)
        report = tampered.audited(
            (move, *away, *row_at(first)),
            (move, *row_at(first), *row_at(second)),
            (move, *row_at(second), *away),
        )
        assert_names(report, first, "swapped")
        assert not report.ok


def test_two_bodies_swapped(tampered: Tampered) -> None:
    rows = [dict(zip(tampered.columns, values, strict=True)) for values in tampered.rows]
    rows = [row for row in rows if row["payload"] is not None]
    put = "UPDATE log SET salt = ?, payload = ?, reason = ? WHERE revision = ? AND place = ?"
    for first, second in itertools.pairwise(rows):
        bodies = [(row["salt"], row["payload"], row["reason"]) for row in (first, second)]
        report = tampered.audited(
            (put, *bodies[1], *row_at(first)), (put, *bodies[0], *row_at(second))
        )
        assert_names(report, first, "swapped")
        assert_names(report, second, "swapped")


def test_every_column_of_every_entry(tampered: Tampered) -> None:
    columns = [row[1] for row in tampered.sql("PRAGMA table_info(entry)")][1:]
    for values in tampered.sql("SELECT * FROM entry"):
        row = dict(zip(["tenant", *columns], values, strict=True))
        where = "WHERE namespace = ? AND region = ? AND key = ?"
        place = (row["namespace"], row["region"], row["key"])
        for column in columns:
            value = 1 - row[column] if column == "base_light" else other(row[column], column)
            report = tampered.audited((f"UPDATE entry SET {column} = ? {where}", value, *place))
            assert any(row["region"] in each.reference for each in report.findings), (column, row)
        report = tampered.audited((f"DELETE FROM entry {where}", *place))
        assert any(row["region"] in each.reference for each in report.findings), row


def test_every_column_of_the_tenant(tampered: Tampered) -> None:
    columns = [row[1] for row in tampered.sql("PRAGMA table_info(tenant)")]
    (values,) = tampered.sql("SELECT * FROM tenant")
    for column, value in zip(columns, values, strict=True):
        if column == "swept_us":  # speaks of idempotency rows, which are no part of the log
            continue
        changes = {other(value, column)}
        if isinstance(value, int):
            changes |= {value - 1, value + 1}
        for changed in changes:
            report = tampered.audited((f"UPDATE tenant SET {column} = ?", changed))
            assert not report.ok, (column, changed)
    assert not tampered.audited(("DELETE FROM tenant",)).ok


def test_the_list_of_namespaces(tampered: Tampered) -> None:
    report = tampered.audited(("DELETE FROM namespace WHERE namespace = 'task/q3'",))
    assert [each.code for each in report.findings] == ["namespace"]
    report = tampered.audited(("INSERT INTO namespace VALUES ('acme', 'task/none', 1)",))
    assert [each.reference for each in report.findings] == ["task/none"]


def test_a_cut_tail_shows_by_a_receipt(tmp_path: Path) -> None:
    with opened(tmp_path / "m.db") as memory:
        memory.append("kept")
        kept = memory.head
        receipt = memory.append("cut off")
    shutil.copy(tmp_path / "m.db", tmp_path / "copy.db")
    copy = Tampered(tmp_path / "copy.db")
    cut = (
        ("DELETE FROM log WHERE revision = ?", receipt.revision),
        (
            "UPDATE entry SET version = 1, revision = ?, size_bytes = 5, deltas = 1, "
            "delta_bytes = (SELECT length(payload) FROM log WHERE revision = ?) "
            "WHERE region = 'findings'",
            kept.revision,
            kept.revision,
        ),
        (
            "UPDATE tenant SET revision = ?, digest = ?, at_us = (SELECT max(at_us) FROM log)",
            kept.revision,
            kept.digest,
        ),
    )
    assert copy.audited(*cut).ok
    assert copy.audited(*cut, expect=kept).ok
    report = copy.audited(*cut, expect=receipt.position)
    assert [each.code for each in report.findings] == ["receipt"]
    assert copy.audited(expect=receipt.position).ok
    forged = Position(kept.revision, b"\0" * 32)
    assert [each.code for each in copy.audited(expect=forged).findings] == ["receipt"]
    copy.close()


def test_a_receipt_from_before_the_anchor(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        receipt = memory.append("one")
        busy(memory, 1, 20)
        floor = memory.head.revision - 5
        at_floor = Position(floor, memory.engine.tail(TENANT, floor - 1, 1)[-1].digest)
        memory.execute(compact(memory.author, floor))
        memory.execute(archive(memory.author, floor, str(tmp_path / "old.log")))
        with pytest.raises(Compacted, match=r"old\.log"):
            memory.audit(receipt)
        assert memory.audit(at_floor).ok
        assert memory.audit(memory.head).ok


def test_who_may(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        assert memory.engine.read(TENANT, audit(memory.reader)).ok
        with pytest.raises(AccessDenied):
            memory.engine.read(TENANT, audit(Reader(TENANT, "bob", StateCache())))


def test_the_report_is_bounded(tmp_path: Path) -> None:
    with opened(IN_MEMORY) as memory:
        for number in range(300):
            memory.append(f"{number}")
        memory.sql("UPDATE log SET trace = 'x'")
        report = memory.audit()
        assert len(report.findings) == 200 and report.omitted > 100
