"""The second fence: row-level security binds everybody who works on a memory, whatever they ask."""

import contextlib
import itertools
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from commonplace.core.verdict import Accepted
from commonplace.errors import EngineUnavailable
from commonplace.model.actor import Actor
from commonplace.model.write import WriteGroup
from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.storage.postgres.wire import Sent
from commonplace.storage.programs import reading
from commonplace.storage.proposal import draft, group_of
from commonplace.storage.step import Statement
from commonplace.testing.databases import Databases, connect
from groups import BLOCK, TENANT, appending, creating
from postgres_harness import PostgresHarness
from postgres_wires import opened

OTHER = "rival"
TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
        AND p.polcmd = '*' AND p.polroles = '{0}'),
       (SELECT bool_and(pg_get_expr(p.polqual, c.oid) LIKE '%tenant = current_setting%'
                        AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%tenant = current_setting%')
        FROM pg_policy p WHERE p.polrelid = c.oid)
FROM pg_class c WHERE c.relnamespace = 'commonplace'::regnamespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname
"""
FREE = {"migration"}
"""Tables that hold nothing of any tenant."""


@pytest.fixture
def address(databases: Databases) -> Iterator[str]:
    """A database in which two tenants have written."""
    with PostgresHarness(databases) as harness:
        address = harness.address()
        with opened(address, founded=True) as engine:
            engine.propose(appending("ours"), 10.0)
            for group in (_as_rival(creating()), _as_rival(appending("theirs"))):
                assert isinstance(engine.propose(group, 10.0), Accepted)
        yield address


def _as_rival(group: WriteGroup) -> WriteGroup:
    (write,) = group.writes
    made = draft(write.entry, write.operation, dict(write.arguments))
    return group_of(OTHER, Actor("web-1"), [made])


@contextlib.contextmanager
def login(address: str, *grants: str) -> Iterator[str]:
    """The database at `address` as a role that may log in, and was granted nothing else."""
    name = f"login_{next(_NUMBERS)}"
    role = sql.Identifier(name)
    with connect(address) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        try:
            for each in grants:
                connection.execute(sql.SQL(each).format(role=role))
            place = urlsplit(address)
            yield place._replace(netloc=f"{name}@{place.hostname}:{place.port}").geturl()
        finally:
            database = sql.Identifier(place.path[1:])
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, role))
            connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(role))
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


_NUMBERS = itertools.count()
_MEMBER = "GRANT commonplace TO {role}"


def tables(address: str) -> list[str]:
    with connect(address) as connection:
        return [row[0] for row in connection.execute(TABLES).fetchall() if row[0] not in FREE]


# -- the catalog ---------------------------------------------------------------------------------


def test_every_table_is_fenced(address: str):
    """Looked up, so that a table which is added later is caught."""
    with connect(address) as connection:
        found = {row[0]: row[1:] for row in connection.execute(TABLES).fetchall()}
    assert set(found) - FREE >= {"tenant", "log", "entry", "idempotency", "ticket"}
    for name, facts in found.items():
        if name not in FREE:
            assert facts == (True, True, 1, True), f"{name}: enabled, forced, one policy for all"


def test_no_role_that_works_owns_or_bypasses_anything(address: str):
    with connect(address) as connection:
        assert connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole FROM pg_roles"
            " WHERE rolname = 'commonplace'"
        ).fetchone() == (False, False, False, False)
        assert connection.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = 'commonplace'::regrole"
        ).fetchone() == (0,)


# -- the application role ------------------------------------------------------------------------


@pytest.fixture
def bound(address: str) -> Iterator[psycopg.Connection]:
    """A session in the role that transactions take on."""
    with connect(address) as connection:
        connection.execute("SET ROLE commonplace")
        yield connection


def _set_tenant(connection: psycopg.Connection, tenant: str) -> None:
    connection.execute("SELECT set_config('commonplace.tenant', $1, false)", (tenant,))


def _counts(connection: psycopg.Connection, names: list[str]) -> dict[str, int]:
    counts = {}
    for name in names:
        query = sql.SQL("SELECT count(*) FROM commonplace.{}").format(sql.Identifier(name))
        counts[name] = connection.execute(query).fetchone()[0]
    return counts


def test_a_query_that_forgets_its_tenant_returns_nothing(address: str, bound):
    assert set(_counts(bound, tables(address)).values()) == {0}
    _set_tenant(bound, "")
    assert set(_counts(bound, tables(address)).values()) == {0}
    _set_tenant(bound, TENANT)
    ours = _counts(bound, tables(address))
    assert ours["log"] == 2
    assert ours["tenant"] == 1


def test_nobody_reads_or_writes_for_another_tenant(address: str, bound):
    _set_tenant(bound, TENANT)
    seen = "SELECT count(*) FROM commonplace.log WHERE tenant = $1"
    assert bound.execute(seen, (OTHER,)).fetchone() == (0,)
    for statement in (
        "UPDATE commonplace.tenant SET revision = 0 WHERE tenant = $1",
        "DELETE FROM commonplace.log WHERE tenant = $1",
    ):
        assert bound.execute(statement, (OTHER,)).rowcount == 0
    for statement in (
        "INSERT INTO commonplace.namespace VALUES ($1, 'n', 1)",
        "UPDATE commonplace.namespace SET tenant = $1",
        "INSERT INTO commonplace.ticket VALUES ($1, 'n', 'r', 'k', 1, 'h', 'p', 1)",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            bound.execute(statement, (OTHER,))
    _set_tenant(bound, OTHER)
    assert bound.execute(seen, (OTHER,)).fetchone() == (2,)


def test_the_application_role_changes_no_schema_and_no_fence(bound):
    for statement in (
        "ALTER TABLE commonplace.log DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE commonplace.log NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY log_tenant ON commonplace.log",
        "TRUNCATE commonplace.log",
        "CREATE TABLE commonplace.mine (n bigint)",
        "INSERT INTO commonplace.migration VALUES (99)",
        "DELETE FROM commonplace.migration",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            bound.execute(statement)


# -- one connection, many tenants ----------------------------------------------------------------


_LEFT = "SELECT coalesce(current_setting('commonplace.tenant', true), ''), current_user::text"


def _look():
    """Whether a program sees anything that names no tenant."""
    (rows,) = yield (Statement("heads"),)
    return bool(rows)


def test_a_connection_carries_no_tenant_over(address: str):
    """One connection, tenants by turns, also after errors of every kind."""
    with opened(address) as engine:
        driver = engine._connections.take()
        try:
            terms = {name: engine._terms(name) for name in (TENANT, OTHER, "nobody")}

            driver.wire._sql = {**driver.wire._sql, "left": _LEFT}

            def left() -> tuple[str, str]:
                """What a statement finds that comes after a transaction and sets nothing."""
                return driver.wire.run((Sent("left"),))[0][0]

            for first, second in itertools.permutations(terms, 2):
                for name in (first, second):
                    assert driver.run(_look(), terms[name]) == (name != "nobody")
                    driver.run(reading.head(name), terms[name])
                    assert left() == ("", "postgres")
                with pytest.raises(EngineUnavailable):
                    driver.run(_failing(), terms[first])
                assert left() == ("", "postgres")
                with pytest.raises(ZeroDivisionError):
                    driver.run(_raising(), terms[first])
                assert left() == ("", "postgres")
                driver.run(_rolling_back(), terms[first])
                assert left() == ("", "postgres")
                assert not driver.wire.is_inside
        finally:
            engine._connections.give_back(driver)


def _failing():
    yield (Statement("begin_write"),)
    yield (Statement("ticket_insert", [("a third", *BLOCK, 1, "h", "p", 1)]), Statement("commit"))


def _raising():
    yield (Statement("begin_write"),)
    raise ZeroDivisionError


def _rolling_back():
    yield (Statement("begin_write"),)
    yield (Statement("rollback"),)


def test_a_program_that_writes_for_another_tenant_is_refused(address: str):
    """Every statement names its tenant; were one to name another, the fence would hold it."""
    with opened(address) as engine, pytest.raises(EngineUnavailable, match="may not do that"):
        engine.execute(TENANT, _failing(), 10.0)


# -- who may log in ------------------------------------------------------------------------------


def test_a_superuser_is_bound_by_the_role_it_takes_on(address: str):
    with opened(address) as engine:
        assert engine._server.role == "commonplace"
        assert engine.read(OTHER, _theirs(TENANT)) == []


def _theirs(tenant: str):
    (rows,) = yield (Statement("tenant_read", [(tenant,)]),)
    return rows


def test_a_login_that_is_granted_the_role_opens_and_writes(address: str):
    with login(address, _MEMBER) as guest, opened(guest) as engine:
        assert isinstance(engine.propose(appending("by a guest"), 10.0), Accepted)
        assert engine.read(OTHER, _theirs(TENANT)) == []
        assert engine.health().state == "ok"
        assert engine.is_present(engine.presence()) is True


def test_a_guest_is_told_who_holds_the_row_as_far_as_it_may_know(address: str):
    """The session that holds it is another role's, of which it may not know since when."""
    with login(address, _MEMBER) as guest, opened(guest) as engine, connect(address) as other:
        other.execute("SET application_name = 'commonplace 7 elsewhere'")
        with other.transaction():
            other.execute("SELECT FROM commonplace.tenant WHERE tenant = $1 FOR UPDATE", (TENANT,))
            other.execute("SELECT pg_current_xact_id()")
            with pytest.raises(EngineUnavailable, match="process 7 on elsewhere has been writing"):
                engine.propose(appending("too late"), 1.5)
        assert isinstance(engine.propose(appending("in time"), 10.0), Accepted)


def test_a_login_without_rights_is_told_what_to_do(address: str):
    with login(address) as stranger:
        engine = PostgresEngine(stranger)
        with pytest.raises(EngineUnavailable, match="commonplace migrate"):
            engine.open(create=False)


def test_an_owner_that_is_no_superuser_is_bound_too(databases: Databases):
    with PostgresHarness(databases) as harness:
        place = urlsplit(databases.take_bare())
        harness._lent.append(place.geturl())
        create = sql.SQL("GRANT CREATE ON DATABASE {} TO {{role}}").format(
            sql.Identifier(place.path[1:])
        )
        with login(place.geturl(), create.as_string()) as owner:
            with opened(owner, founded=True) as engine:
                assert isinstance(engine.propose(appending("mine"), 10.0), Accepted)
            with connect(owner) as connection:
                assert set(_counts(connection, tables(owner)).values()) == {0}
                _set_tenant(connection, TENANT)
                assert _counts(connection, ["log"]) == {"log": 2}
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("INSERT INTO commonplace.namespace VALUES ('x', 'n', 1)")
