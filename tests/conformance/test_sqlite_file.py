"""The conformance suite on a SQLite file."""

from pathlib import Path

import pytest

from commonplace.testing.suite import *  # noqa: F403
from sqlite_harness import FileHarness


@pytest.fixture
def harness(tmp_path: Path) -> FileHarness:
    return FileHarness(tmp_path)
