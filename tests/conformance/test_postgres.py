"""The conformance suite on PostgreSQL."""

from collections.abc import Iterator

import pytest

from commonplace.testing.databases import Databases
from commonplace.testing.suite import *  # noqa: F403
from postgres_harness import PostgresHarness


@pytest.fixture
def harness(databases: Databases) -> Iterator[PostgresHarness]:
    with PostgresHarness(databases) as harness:
        yield harness
