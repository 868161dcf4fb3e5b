"""Through a follower of a PostgreSQL database: the parts of the suite in which the ends differ.

What happens in the copy is the same as in a follower of a file, which passes the whole suite.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonplace.testing.databases import Databases
from commonplace.testing.suite.access import *  # noqa: F403
from commonplace.testing.suite.channels import *  # noqa: F403
from commonplace.testing.suite.contract import *  # noqa: F403
from commonplace.testing.suite.groups import *  # noqa: F403
from commonplace.testing.suite.retries import *  # noqa: F403
from commonplace.testing.suite.sessions import *  # noqa: F403
from commonplace.testing.suite.updates import *  # noqa: F403
from commonplace.testing.suite.watches import *  # noqa: F403
from follower_harness import FollowerHarness
from postgres_harness import PostgresHarness


@pytest.fixture
def harness(databases: Databases, tmp_path: Path) -> Iterator[FollowerHarness]:
    with PostgresHarness(databases) as source:
        yield FollowerHarness(tmp_path, source)
