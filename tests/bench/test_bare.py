import sqlite3

import commonplace
from commonplace.bench.bare import BareMemory, Cells


def test_the_bare_adversary_writes_the_rows_of_a_commit_under_the_next_numbers(tmp_path):
    path, copy = tmp_path / "memory.db", tmp_path / "bare.db"
    with commonplace.Memory(path, actor="a") as memory:
        block = memory.create_task("t").create_block("text")
        last = block.rewrite("two", expect=block.rewrite("one").version)
    bare = BareMemory(path, copy, "default", ("task/t", "text", ""))
    for _ in range(3):
        bare.write(bare.next_rows())
    rows = bare.read()
    bare.close()
    assert rows[-1][0] == last.revision + 3
    assert rows[-1][3] == last.version + 3
    with sqlite3.connect(copy) as connection:
        tables = ("log", "idempotency")
        counts = [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables]
        assert connection.execute("SELECT count(*) FROM entry WHERE revision = ?",
                                  (last.revision + 3,)).fetchone() == (1,)  # fmt: skip
    connection.close()
    assert counts[0] >= last.revision + 3
    assert counts[1] == last.revision + 3


def test_a_cell_that_was_inserted_is_found(tmp_path):
    cells = Cells(tmp_path / "cells.db")
    cells.insert("a", "text")
    assert cells.select("a") == [("text",)]
    assert cells.select("b") == []
    cells.close()
