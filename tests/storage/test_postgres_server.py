"""The servers, the proxy and the pools that tests of PostgreSQL stand on."""

import contextlib
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from commonplace.testing import pgbouncer, powercut
from commonplace.testing.databases import Databases, connect
from commonplace.testing.postgres import PostgresServer
from commonplace.testing.proxy import Proxy
from processes import Process

STARTER = """
import sys
from commonplace.testing.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server.folder, flush=True)
print(server.port, flush=True)
sys.stdin.readline()
"""
PATIENCE_S = 20


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def table(database: str) -> str:
    """The address of a database with an empty table."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE line (number bigint PRIMARY KEY)")
    return database


@pytest.fixture
def proxy(table: str) -> Iterator[Proxy]:
    place = urlsplit(table)
    assert place.hostname is not None and place.port is not None
    with Proxy(place.hostname, place.port) as proxy:
        yield proxy


def through(proxy: Proxy, address: str) -> str:
    user = urlsplit(address).netloc.rpartition("@")[0]
    return urlsplit(address)._replace(netloc=f"{user}@127.0.0.1:{proxy.port}").geturl()


def numbers(address: str) -> list[int]:
    with connect(address) as connection:
        found = connection.execute("SELECT number FROM line ORDER BY number").fetchall()
    return [number for (number,) in found]


def insert(connection: psycopg.Connection, number: int) -> None:
    connection.execute("INSERT INTO line VALUES (%s)", (number,))


def write_simply(address: str, number: int) -> None:
    with contextlib.closing(psycopg.connect(address)) as connection:
        insert(connection, number)
        connection.commit()


def write_in_a_pipeline(address: str, number: int) -> None:
    with contextlib.closing(psycopg.connect(address)) as connection, connection.pipeline():
        insert(connection, number)
        connection.commit()


def write_in_one_flight(address: str, number: int) -> None:
    with (
        contextlib.closing(psycopg.connect(address, autocommit=True)) as connection,
        connection.pipeline(),
    ):
        connection.execute("BEGIN")
        insert(connection, number)
        connection.execute("COMMIT")


def write_prepared(address: str, number: int) -> None:
    with contextlib.closing(psycopg.connect(address, autocommit=True)) as connection:
        for each in (number + 100, number):
            connection.execute("BEGIN", prepare=True)
            insert(connection, each)
            connection.execute("commit", prepare=True)


WAYS = [write_simply, write_in_a_pipeline, write_in_one_flight, write_prepared]


# -- servers -------------------------------------------------------------------------------------


def test_a_server_keeps_its_promises_of_durability(postgres_address: str):
    with connect(postgres_address) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_settings_and_options_reach_the_server(server: PostgresServer):
    server.configure(work_mem="5MB", log_min_messages="it's no level")
    server.configure(log_min_messages="warning")
    server.restart()
    with connect(server.conninfo(application_name="a b")) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("5MB",)
        assert connection.execute("SHOW application_name").fetchone() == ("a b",)


def test_a_killed_server_starts_again_on_its_port_with_what_was_acknowledged():
    with PostgresServer() as server:
        address, port = server.create_database("kept"), server.port
        with connect(address) as connection:
            connection.execute("CREATE TABLE line (number bigint PRIMARY KEY)")
            for number in range(3):
                connection.execute("INSERT INTO line VALUES ($1)", (number,))
            server.kill()
            assert not server.is_running
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        server.start()
        assert server.port == port
        assert numbers(address) == [0, 1, 2]
        server.drop_database("kept")


def test_a_kill_leaves_no_process_and_a_close_no_folder():
    with PostgresServer() as server:
        first = server.pid
        family = [psutil.Process(first), *psutil.Process(first).children()]
        assert len(family) > 3
        server.kill()
        assert not any(each.is_running() and each.status() != "zombie" for each in family)
    assert not server.folder.exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_does_not_outlive_the_process_that_started_it(how):
    with Process(STARTER) as starter:
        folder, port = Path(starter.hear()), int(starter.hear())
        starter.send(how)
    gone = threading.Event()
    for _ in range(PATIENCE_S * 100):
        if not folder.exists():
            break
        gone.wait(0.01)
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_the_older_version_runs_too():
    with PostgresServer(version=16) as server, connect(server.conninfo()) as connection:
        assert connection.info.server_version // 10_000 == 16
    with pytest.raises(ValueError, match="PostgreSQL 9 is not in the wheel"):
        PostgresServer(version=9)


def test_a_server_that_cannot_start_says_why():
    server = PostgresServer(settings={"shared_buffers": "plenty"})
    with contextlib.closing(server), pytest.raises(RuntimeError, match=r'shared_buffers.*"plenty"'):
        server.start()


def test_an_acknowledged_row_is_on_the_standby_that_takes_over():
    with (
        PostgresServer() as primary,
        PostgresServer.standby_of(primary, name="second") as standby,
    ):
        primary.wait_for("second")
        address = primary.create_database("kept")
        with connect(address) as connection:
            connection.execute("CREATE TABLE line (number bigint PRIMARY KEY)")
            connection.execute("INSERT INTO line VALUES (1)")
        primary.kill()
        standby.promote()
        assert numbers(standby.conninfo("kept")) == [1]
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        either = f"postgresql://postgres@{hosts}/kept?target_session_attrs=read-write"
        with connect(either) as connection:
            connection.execute("INSERT INTO line VALUES (2)")
        assert numbers(standby.conninfo("kept")) == [1, 2]


@pytest.fixture
def disk() -> Iterator[powercut.Disk]:
    # Not below pytest's own folder, which it closes to the server's user again and again.
    with tempfile.TemporaryDirectory() as name:
        if reason := powercut.why_not(Path(name)):
            pytest.skip(reason)
        with powercut.disk(Path(name)) as disk:
            yield disk


def test_a_power_cut_keeps_what_was_acknowledged(disk: powercut.Disk):
    small = {"max_wal_size": "4MB", "min_wal_size": "2MB"}
    with PostgresServer(disk.folder / "server", small, wal_segment_mb=1) as server:
        address = server.create_database("kept")
        with connect(address) as connection:
            connection.execute("CREATE TABLE line (number bigint PRIMARY KEY)")
            connection.execute("INSERT INTO line VALUES (1)")
            disk.cut()
            with pytest.raises(psycopg.Error):
                connection.execute("INSERT INTO line VALUES (2)")
        server.kill()
        disk.cycle()
        server.start()
        assert numbers(address) == [1]


# -- databases -----------------------------------------------------------------------------------


def test_a_database_that_was_given_back_keeps_its_schema_and_loses_rows_and_sessions(
    postgres_address: str,
):
    with Databases(postgres_address) as databases:
        address = databases.take()
        guest = connect(address)
        guest.execute("CREATE SCHEMA commonplace")
        guest.execute("CREATE TABLE commonplace.log (tenant text, number bigint)")
        guest.execute("ALTER TABLE commonplace.log ENABLE ROW LEVEL SECURITY")
        guest.execute("ALTER TABLE commonplace.log FORCE ROW LEVEL SECURITY")
        guest.execute("CREATE TABLE commonplace.migration (number bigint)")
        guest.execute("INSERT INTO commonplace.log VALUES ('default', 1)")
        guest.execute("INSERT INTO commonplace.migration VALUES (1)")
        guest.execute("BEGIN")
        guest.execute("INSERT INTO commonplace.log VALUES ('default', 2)")
        databases.give_back(address)
        with pytest.raises(psycopg.OperationalError), guest:
            guest.execute("COMMIT")
        assert databases.take() == address
        with connect(address) as connection:
            count = "SELECT count(*) FROM commonplace."
            assert connection.execute(count + "log").fetchone() == (0,)
            assert connection.execute(count + "migration").fetchone() == (1,)
        assert databases.take() != address
        databases.give_back(address)
        assert databases.take_bare() == address
        with connect(address) as connection:
            assert connection.execute("SELECT to_regclass('commonplace.log')").fetchone() == (None,)


# -- the proxy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("write", WAYS)
def test_a_proxy_without_faults_is_not_noticed(proxy: Proxy, table: str, write):
    write(through(proxy, table), 1)
    assert 1 in numbers(table)
    assert (proxy.connections, proxy.commits_lost, proxy.answers_lost) == (1, 0, 0)
    assert proxy.commits >= 1


@pytest.mark.parametrize("write", WAYS[:3])
def test_a_lost_answer_leaves_the_row(proxy: Proxy, table: str, write):
    proxy.lose_answers_of_commits(1)
    with pytest.raises(psycopg.OperationalError):
        write(through(proxy, table), 1)
    assert numbers(table) == [1]
    write(through(proxy, table), 2)
    assert numbers(table) == [1, 2]
    assert (proxy.answers_lost, proxy.commits) == (1, 2)


@pytest.mark.parametrize("write", WAYS[:3])
def test_a_lost_commit_leaves_no_row(proxy: Proxy, table: str, write):
    proxy.lose_commits(2)
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            write(through(proxy, table), 1)
    assert numbers(table) == []
    write(through(proxy, table), 1)
    assert numbers(table) == [1]
    assert (proxy.commits_lost, proxy.commits) == (2, 3)


@pytest.mark.parametrize(
    ("fault", "rows"), [("lose_commits", [1]), ("lose_answers_of_commits", [1, 2])]
)
def test_a_statement_prepared_before_is_known_to_commit(proxy: Proxy, table: str, fault, rows):
    with contextlib.closing(psycopg.connect(through(proxy, table), autocommit=True)) as connection:
        for number in (1, 2):
            connection.execute("BEGIN")
            insert(connection, number)
            if number == 2:
                getattr(proxy, fault)(1)
                with pytest.raises(psycopg.OperationalError):
                    connection.execute("COMMIT", prepare=True)
            else:
                connection.execute("COMMIT", prepare=True)
    assert numbers(table) == rows


def test_a_commit_that_is_refused_has_no_answer_to_lose(proxy: Proxy, table: str):
    proxy.lose_answers_of_commits(1)
    with psycopg.connect(through(proxy, table), autocommit=True) as connection:
        connection.execute("BEGIN")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM absent")
        assert connection.execute("COMMIT").statusmessage == "ROLLBACK"
        assert proxy.answers_lost == 0
        connection.execute("BEGIN")
        insert(connection, 1)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    assert proxy.answers_lost == 1
    assert numbers(table) == [1]


def test_a_large_row_passes_whole(proxy: Proxy, table: str):
    with connect(through(proxy, table)) as connection:
        (text,) = connection.execute("SELECT repeat('x', $1)", (3_000_000,)).fetchone()
        assert len(text) == 3_000_000
        assert connection.execute("SELECT length($1::text)", (text,)).fetchone() == (3_000_000,)


def test_a_delayed_commit_lands_late(proxy: Proxy, table: str):
    proxy.delay_commits(0.05)
    write_simply(through(proxy, table), 1)
    assert numbers(table) == [1]


def test_connections_are_refused_cut_and_stalled(proxy: Proxy, table: str):
    address = through(proxy, table)
    with contextlib.closing(psycopg.connect(address)) as connection:
        connection.execute("SELECT 1")
        proxy.cut_all()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    proxy.refuse()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)
    proxy.refuse(False)
    proxy.stall()
    landed = threading.Event()

    def write() -> None:
        write_simply(address, 1)
        landed.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not landed.wait(0.1)
    assert numbers(table) == []
    proxy.stall(False)
    thread.join()
    assert numbers(table) == [1]


# -- pgbouncer -----------------------------------------------------------------------------------


def test_pgbouncer_gives_a_server_connection_for_one_transaction(table: str):
    if reason := pgbouncer.why_not():
        pytest.skip(reason)
    own = "SELECT pg_backend_pid()"
    with (
        pgbouncer.pgbouncer(table, settings={"default_pool_size": 1}) as address,
        connect(address) as one,
        connect(address) as other,
    ):
        assert one.execute(own).fetchone() == other.execute(own).fetchone()
        one.execute("INSERT INTO line VALUES (1)", prepare=False)
    assert numbers(table) == [1]
