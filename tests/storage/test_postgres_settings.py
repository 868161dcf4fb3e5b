"""Settings of a server under which an acknowledged write could be lost, and versions of it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from psycopg import sql

from commonplace.core.verdict import Accepted
from commonplace.errors import CommonplaceError, EngineUnavailable, UnsafeStorage
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.testing.databases import Databases, connect
from commonplace.testing.postgres import PostgresServer
from groups import appending, creating
from postgres_harness import PostgresHarness
from postgres_wires import opened, texts, until


@pytest.fixture
def address(databases: Databases) -> Iterator[str]:
    with PostgresHarness(databases) as harness:
        yield harness.address()


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One whose settings may be spoilt."""
    with PostgresServer() as server:
        yield server


class Spoilt:
    """Sets a setting for a database, a role or the whole server, and takes it back."""

    def __init__(self, address: str, where: str, value: str) -> None:
        self._address = address
        self._where = sql.SQL(where).format(
            database=sql.Identifier(urlsplit(address).path[1:]), role=sql.Identifier("postgres")
        )
        self._value = sql.SQL(value)

    def _set(self, clause: sql.Composable) -> None:
        with connect(self._address) as connection:
            connection.execute(sql.SQL("ALTER {} ").format(self._where) + clause)
            connection.execute("SELECT pg_reload_conf()")

    def __enter__(self) -> None:
        self._set(sql.SQL("SET synchronous_commit = {}").format(self._value))
        until(lambda: self._is() != "on", "the setting is spoilt")

    def __exit__(self, *error: object) -> None:
        self._set(sql.SQL("RESET synchronous_commit"))
        until(lambda: self._is() == "on", "the setting is as it was")

    def _is(self) -> str:
        with connect(self._address) as connection:
            return connection.execute("SHOW synchronous_commit").fetchone()[0]


WHERES = ["DATABASE {database}", "ROLE {role}", "ROLE {role} IN DATABASE {database}", "SYSTEM"]


@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
@pytest.mark.parametrize("where", WHERES)
def test_a_commit_that_waits_for_no_disk_or_standby_is_refused_at_open(server, where, value):
    address = server.conninfo()
    with Spoilt(address, where, value):
        engine = PostgresEngine(address)
        with pytest.raises(UnsafeStorage, match=f"synchronous_commit={value}.*Set") as caught:
            engine.open(create=True)
        assert caught.value.setting == "synchronous_commit"
        with connect(address) as connection:
            assert connection.execute(
                "SELECT count(*) FROM pg_namespace WHERE nspname = 'commonplace'"
            ).fetchone() == (0,), "something was made on refusal"


def test_a_setting_that_is_spoilt_while_open_is_refused_at_the_next_write(server):
    address = server.create_database("spoilt")
    with opened(address, founded=True) as engine:
        assert isinstance(engine.propose(appending("before"), 10.0), Accepted)
        with Spoilt(address, "SYSTEM", "off"):
            _until_refused(engine)
            with pytest.raises(UnsafeStorage, match="Nothing was written"):
                engine.barrier("acme")
            there = texts(engine)
            assert "refused" not in there
        until(lambda: _lands(engine), "the setting is right again")
        assert texts(engine)[: len(there)] == there


def _until_refused(engine: PostgresEngine) -> None:
    """A session takes a new setting in when it is next idle: till then what it writes is safe."""

    def is_refused() -> bool:
        try:
            engine.propose(appending("not yet"), 10.0)
        except UnsafeStorage as error:
            assert "Nothing was written" in str(error)
            return True
        return False

    until(is_refused, "the write is refused")
    with pytest.raises(UnsafeStorage, match="synchronous_commit=off"):
        engine.propose(appending("refused"), 10.0)


def _lands(engine: PostgresEngine) -> bool:
    try:
        return isinstance(engine.propose(appending("after"), 10.0), Accepted)
    except CommonplaceError:
        return False


@pytest.mark.parametrize("value", ["on", "remote_apply"])
def test_what_waits_for_all_disks_is_accepted(address, value):
    with connect(address) as connection:
        name = sql.Identifier(urlsplit(address).path[1:])
        setting = sql.SQL("ALTER DATABASE {} SET synchronous_commit = {}")
        connection.execute(setting.format(name, sql.SQL(value)))
        try:
            with opened(address, founded=True) as engine:
                assert isinstance(engine.propose(appending("this"), 10.0), Accepted)
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


def test_a_server_that_does_not_sync_is_refused():
    with PostgresServer(settings={"fsync": "off"}) as server:
        engine = PostgresEngine(server.conninfo())
        with pytest.raises(UnsafeStorage, match=r"fsync=off.*Set fsync to on") as caught:
            engine.open(create=True)
        assert caught.value.setting == "fsync"


def test_a_database_of_another_encoding_is_refused(postgres_address: str):
    with connect(postgres_address) as connection:
        connection.execute("CREATE DATABASE narrow TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        try:
            place = urlsplit(postgres_address)._replace(path="/narrow").geturl()
            with pytest.raises(EngineUnavailable, match=r"encoding LATIN1\. Create one with UTF8"):
                PostgresEngine(place).open(create=True)
        finally:
            connection.execute("DROP DATABASE narrow WITH (FORCE)")


def test_a_client_encoding_of_another_kind_is_overridden(address: str):
    with connect(address) as connection:
        name = sql.Identifier(urlsplit(address).path[1:])
        connection.execute(sql.SQL("ALTER DATABASE {} SET client_encoding = latin1").format(name))
        try:
            with opened(address, founded=True) as engine:
                engine.propose(appending("naïve · 日本語 · 🦉"), 10.0)
                assert texts(engine) == ["naïve · 日本語 · 🦉"]
        finally:
            connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


@pytest.mark.parametrize(
    "setting",
    [
        "default_transaction_isolation = serializable",
        "default_transaction_isolation = 'repeatable read'",
        "default_transaction_read_only = on",
        "standard_conforming_strings = off",
        "lock_timeout = 1",
        "bytea_output = escape",
        "extra_float_digits = 0",
        "search_path = nowhere",
        "timezone = 'Asia/Kathmandu'",
        "plan_cache_mode = force_custom_plan",
    ],
)  # fmt: skip
def test_defaults_of_a_database_change_nothing(address: str, setting: str):
    """What a transaction depends on it says itself."""
    with opened(address, founded=True):
        pass
    with connect(address) as connection:
        name = sql.Identifier(urlsplit(address).path[1:])
        connection.execute(sql.SQL("ALTER DATABASE {} SET ").format(name) + sql.SQL(setting))
        try:
            with opened(address) as one, opened(address) as other:
                for number in range(3):
                    for engine in (one, other):
                        verdict = engine.propose(appending(f"{number}"), 10.0)
                        assert isinstance(verdict, Accepted)
                assert len(texts(one)) == 6
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(sql.SQL("ALTER DATABASE {} RESET ALL").format(name))


def test_the_older_version_of_the_server_serves():
    with PostgresServer(version=16) as server, opened(server.conninfo()) as engine:
        assert isinstance(engine.propose(creating(), 10.0), Accepted)
        assert isinstance(engine.propose(appending("this"), 10.0), Accepted)
        assert texts(engine) == ["this"]
