"""The conformance suite through a follower of a SQLite file."""

from pathlib import Path

import pytest

from commonplace.testing.suite import *  # noqa: F403
from follower_harness import FollowerHarness


@pytest.fixture
def harness(tmp_path: Path) -> FollowerHarness:
    return FollowerHarness(tmp_path)
