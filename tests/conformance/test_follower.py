"""The conformance suite through a follower of a SQLite file."""

from pathlib import Path

import pytest

from commonplace.testing.suite import *  # noqa: F403
from follower_harness import FollowerHarness
from sqlite_harness import FileHarness


@pytest.fixture
def harness(tmp_path: Path) -> FollowerHarness:
    return FollowerHarness(tmp_path, FileHarness(tmp_path))
