"""The conformance suite on a memory that lives in one process."""

import pytest

from commonplace.testing.suite import *  # noqa: F403
from sqlite_harness import MemoryHarness


@pytest.fixture
def harness() -> MemoryHarness:
    return MemoryHarness()
