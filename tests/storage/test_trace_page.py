"""What a trace wrote is found by its index, however long the log is."""

from pathlib import Path

import apsw

from commonplace import Memory
from commonplace.storage.sqlite.statements import statements

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_records_of_a_trace_are_found_by_its_index(tmp_path: Path) -> None:
    with Memory(tmp_path / "team.db", actor="lead") as memory:
        memory.create_task("q3")
    connection = apsw.Connection(str(tmp_path / "team.db"))
    place = ("default", 2**62, 0, 0)
    binding = (*place, None, None, None, None, None, 512, f"00-{TRACE}-", f"00-{TRACE}.")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {statements()['trace_page']}", binding)
    told = " ".join(row[3] for row in plan)
    connection.close()
    assert "USING INDEX log_trace (tenant=? AND trace>? AND trace<?)" in told
