import pytest

from commonplace import errors
from commonplace.cli import exits


@pytest.mark.parametrize("code", errors.BY_CODE)
def test_every_error_has_an_exit_code(code: str) -> None:
    assert exits.EXIT_OF[code] in exits.MEANINGS
    assert exits.exit_of(errors.BY_CODE[code]("told")) == exits.EXIT_OF[code]


def test_the_table_names_no_error_that_does_not_exist() -> None:
    assert set(exits.EXIT_OF) == set(errors.BY_CODE)


def test_an_error_of_a_users_own_counts_as_its_parent() -> None:
    class Stale(errors.VersionConflict):
        """A conflict of our own."""

    class Odd(errors.NotFound):
        """One with a code that nobody knows."""

        code = "odd"

    assert exits.exit_of(Stale()) == exits.CONFLICT
    assert exits.exit_of(Odd()) == exits.NOT_FOUND


def test_what_the_design_fixes() -> None:
    assert (exits.OK, exits.FINDINGS, exits.USAGE) == (0, 1, 2)
    assert (exits.CONFLICT, exits.NOT_FOUND, exits.DENIED) == (3, 4, 5)
