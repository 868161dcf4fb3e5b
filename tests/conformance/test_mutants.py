"""The suite is tested itself: what is broken on purpose must fail it, by its own assertion."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from commonplace import Memory
from commonplace.testing import powercut, suite, wrong_postgres
from commonplace.testing.databases import Databases, connect
from commonplace.testing.mutants import MUTANTS
from commonplace.testing.suite import cut_power
from postgres_harness import PostgresHarness
from sqlite_harness import FileHarness, MemoryHarness

_SUITE = Path(suite.__file__).parent
CASES = [
    (mutant, test) for mutant in MUTANTS.values() if not mutant.engine for test in mutant.caught_by
]


@pytest.fixture
def harness() -> MemoryHarness:
    return MemoryHarness()


@pytest.fixture(autouse=True)
def unshrunk() -> Iterator[None]:
    """What a mutant fails with need not be short."""
    settings.register_profile("unshrunk", phases=[Phase.generate])
    settings.load_profile("unshrunk")
    yield
    settings.load_profile("default")


@pytest.mark.parametrize(
    ("mutant", "test"), CASES, ids=[f"{mutant.name}-{test}" for mutant, test in CASES]
)
def test_suite_catches(mutant, test, harness, tmp_path: Path):
    if mutant.processes:
        harness = FileHarness(tmp_path)
    with mutant.applied(), pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        getattr(suite, test)(harness)
    assert_is_of_the_suite(caught.value)


def assert_is_of_the_suite(error: BaseException) -> None:
    """The judgement must be the suite's, not an assertion inside the product or a crash."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    while error.__context__ is not None and not isinstance(error, AssertionError):
        error = error.__context__
    own = [name for name in frames if "commonplace" in name]
    assert Path(own[-1]).is_relative_to(_SUITE.parent), f"raised in {own[-1]}"


def test_every_mutant_breaks_what_the_suite_accepts(harness, tmp_path: Path):
    """Without a mutant each of these tests passes: it is the mutant that fails it."""
    for test, processes in sorted({(test, mutant.processes) for mutant, test in CASES}):
        getattr(suite, test)(FileHarness(tmp_path) if processes else harness)


class UnfencedHarness(PostgresHarness):
    """Databases of their own, without the index that gives no version out twice."""

    def address(self) -> str:
        address = self._databases.take_bare()
        with Memory(address, actor="owner"):
            pass
        with connect(address) as connection:
            for statement in wrong_postgres.WITHOUT_FENCE:
                connection.execute(statement)
        return address


def test_a_lock_and_a_comparison_in_one_statement_lose_updates(databases: Databases):
    """With dense revisions: only the versions show it, and what callers were told."""
    (test,) = MUTANTS["locks_and_compares_at_once"].caught_by
    harness = UnfencedHarness(databases)
    with (
        MUTANTS["locks_and_compares_at_once"].applied(),
        pytest.raises(AssertionError, match="has the versions") as caught,
    ):
        getattr(suite, test)(harness)
    assert_is_of_the_suite(caught.value)
    assert "the log goes from" not in str(caught.value), "the revisions have a gap"
    getattr(suite, test)(harness)


def test_the_schema_gives_no_version_out_twice_whatever_the_engine_does(databases: Databases):
    """The second fence: with its index in place the same mistake loses nothing."""
    (test,) = MUTANTS["locks_and_compares_at_once"].caught_by
    with MUTANTS["locks_and_compares_at_once"].applied(), PostgresHarness(databases) as harness:
        getattr(suite, test)(harness)


def test_power_cut_shows_a_missing_sync(tmp_path: Path):
    """The harness of the power cut is tested too: it must see what kill -9 cannot."""
    trial = tmp_path / "trial"
    trial.mkdir()
    if reason := powercut.why_not(trial):
        pytest.skip(reason)
    with pytest.raises(AssertionError) as caught, MUTANTS["syncs_nothing"].applied():
        cut_power(FileHarness(tmp_path), 5, mutant="syncs_nothing")
    assert_is_of_the_suite(caught.value)
