"""The measurement of fairness counts right; its times are no test."""

from pathlib import Path

from commonplace.testing.fairness import measure


def test_no_update_is_lost_among_processes(tmp_path: Path):
    waits = measure(str(tmp_path / "memory.db"), processes=4, updates=8, think_s=0.001)
    assert (waits.done, waits.counted, waits.failed) == (32, 32, ())


def test_no_update_is_lost_when_one_of_them_is_killed(tmp_path: Path):
    waits = measure(str(tmp_path / "memory.db"), processes=3, updates=8, think_s=0.005, kill=True)
    # The killed one had been answered for half of its own, and may have landed one more.
    assert waits.failed == ()
    assert waits.done in {2 * 8 + 4}
    assert waits.counted in {waits.done, waits.done + 1}
    assert waits.detection_s > 0
