"""The conformance suite on a memory that lives in one process."""

import pytest
from sqlite_harness import MemoryHarness

from commonplace.testing.suite import *  # noqa: F403


@pytest.fixture
def harness() -> MemoryHarness:
    return MemoryHarness()
