import asyncio

import pytest

from commonplace.bench import crowd
from commonplace.bench.bare import Cells
from commonplace.bench.measure import (
    interleave,
    medians,
    per_second,
    quantile,
    ratio,
    tasks_per_second,
)
from commonplace.bench.rows.sharing import cells_worker


def test_contestants_take_turns_in_another_order_each_round():
    order = []
    contest = {name: lambda name=name: order.append(name) or float(len(order)) for name in "abc"}
    results = interleave(3, contest)
    assert order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert results == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_a_ratio_is_of_medians_and_its_spread_of_rounds():
    assert ratio([2.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == (2.0, (2.0, 3.0))
    assert medians({"a": [3.0, 1.0, 2.0]}) == {"a": 2.0}


def test_a_quantile_is_one_of_the_values():
    assert quantile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert quantile([5.0, 1.0, 3.0], 0.99) == 5.0


def test_all_threads_are_counted():
    calls = []
    rate = per_second([lambda: calls.append(1)] * 4, 0.02)
    assert calls
    assert rate > 0


def test_all_tasks_are_counted():
    calls = []

    async def call():
        calls.append(1)

    rate = asyncio.run(tasks_per_second([call] * 4, 0.02))
    assert calls
    assert rate > 0


def test_an_error_in_a_thread_is_raised():
    def fail():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        per_second([fail], 0.01)


def test_workers_give_what_they_measured(tmp_path):
    path = tmp_path / "cells.db"
    Cells(path).close()
    ran = crowd.run([(cells_worker, (path, number, 0, 0.02)) for number in range(2)])
    assert all(each.writes > 0 for each in ran)


def test_a_worker_that_fails_says_why(tmp_path):
    with pytest.raises(crowd.WorkerFailed, match="CantOpenError"):
        crowd.run([(cells_worker, (tmp_path / "nowhere" / "cells.db", 0, 0, 0.02))])
