"""One PostgreSQL server for all tests of a run, started by the first that asks for it."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("commonplace.testing")  # before anything of it is imported

from commonplace.testing.databases import Databases  # noqa: E402
from commonplace.testing.postgres import PostgresServer, server_address  # noqa: E402


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """A superuser's address on the server; who needs to stop or kill one starts its own."""
    if address := server_address():
        yield address
        return
    with PostgresServer() as server:
        yield server.conninfo()


@pytest.fixture(scope="session")
def databases(postgres_address: str) -> Iterator[Databases]:
    with Databases(postgres_address) as databases:
        yield databases


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The address of an empty database, without our schema."""
    address = databases.take_bare()
    yield address
    databases.give_back(address)
