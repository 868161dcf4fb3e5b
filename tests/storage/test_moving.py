"""Moving a tenant between engines: all of it, whoever is stopped, and nothing else."""

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from commonplace import AsyncMemory as AsyncFace
from commonplace import Memory as Face
from commonplace.errors import (
    AccessDenied,
    DamagedMemory,
    IdempotencyExpired,
    IdempotencyMismatch,
    OutcomeUnknown,
    Refused,
)
from commonplace.model.copied import Copied
from commonplace.storage.address import open_engine
from commonplace.storage.cache import StateCache
from commonplace.storage.engine import Engine
from commonplace.storage.moving import Move
from commonplace.storage.programs.reading import Reader
from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.auditing import examine
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.moving import revision_of
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.programs.upkeep.transfer import export_log
from commonplace.storage.step import Statement
from commonplace.testing.databases import Databases
from histories import BLOCK, FACT, NOTES, TENANT, Memory, busy, opened

KINDS = ("file", "postgres")
HOUR_S = 3600.0


@pytest.fixture
def place(tmp_path: Path, databases: Databases) -> Iterator[Callable[[str], str]]:
    """Gives the address of an empty memory of a kind."""
    numbers = itertools.count()
    with ExitStack() as lent:

        def take(kind: str) -> str:
            if kind == "file":
                return str(tmp_path / f"{next(numbers)}.db")
            address = databases.take()
            lent.callback(databases.give_back, address)
            return address

        yield take


@contextmanager
def engine_at(address: str) -> Iterator[Engine]:
    engine = open_engine(address)
    engine.open(create=True)
    try:
        yield engine
    finally:
        engine.close()


def reader(actor: str = "ann") -> Reader:
    return Reader(TENANT, actor, StateCache())


def begun(source: Engine, target: Engine, actor: str = "ann") -> Move:
    move = Move(source, target, reader(actor))
    move.begin()
    return move


def moved(source: Engine, target: Engine, actor: str = "ann") -> Copied:
    move = begun(source, target, actor)
    while move.step():
        pass
    copied = move.finish()
    assert copied.ok, [str(finding) for finding in copied.report.findings]
    return copied


def exported(engine: Engine, path: Path) -> bytes:
    engine.read(TENANT, export_log(reader(), str(path)))
    return path.read_bytes()


def receipts(engine: Engine) -> list[Any]:
    (rows,) = engine.read(TENANT, _ask("receipt_page", (TENANT, "", "", 100_000)))
    return list(rows)


def swept_us(engine: Engine) -> int:
    ((row,),) = engine.read(TENANT, _ask("swept_read", (TENANT,)))
    return int(row[0])


def _ask(name: str, *rows: Any) -> Any:
    return (yield (Statement(name, list(rows)),))


def assert_sound(engine: Engine) -> None:
    report = engine.read(TENANT, examine(TENANT))
    assert report.ok, [str(finding) for finding in report.findings]


def held(engine: Engine) -> set[tuple[int, int]]:
    """The records whose text is there."""
    records = engine.tail(TENANT, 0, 100_000)
    return {(each.revision, each.index) for each in records if each.arguments is not None}


def small_pages(monkeypatch: pytest.MonkeyPatch, records: int = 7) -> None:
    monkeypatch.setattr("commonplace.storage.programs.upkeep.moving._RECORDS", records)
    monkeypatch.setattr("commonplace.storage.programs.upkeep.moving._ROWS", 3)
    monkeypatch.setattr("commonplace.limits.MAX_PAGE_ROWS", 5)


def lived(memory: Memory, seed: int) -> None:
    """A life with everything in it."""
    busy(memory, seed, 50)
    memory.execute(erase(memory.author, BLOCK, [1, 5]))
    busy(memory, seed + 1, 30)
    memory.execute(compact(memory.author, memory.head.revision - 15))
    busy(memory, seed + 2, 20)
    memory.execute(erase(memory.author, NOTES, [1]))


@pytest.mark.parametrize("archived", [False, True], ids=["whole", "archived"])
@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("by", KINDS)
def test_in_every_direction_the_copy_is_the_same_memory(
    tmp_path: Path, place: Callable[[str], str], by: str, to: str, archived: bool
) -> None:
    with opened(tmp_path / "first.db") as memory:
        lived(memory, 3)
        if archived:
            floor = memory.audit().floor
            memory.execute(archive(memory.author, floor - 3, str(tmp_path / "old.log")))
            busy(memory, 9, 20)
        first = exported(memory.engine, tmp_path / "first.log")
        values = {
            revision: memory.all_values(revision)
            for revision in range(memory.audit().floor, memory.head.revision + 1)
        }
        with engine_at(place(by)) as between, engine_at(place(to)) as last:
            copied = moved(memory.engine, between)
            assert copied == moved(between, last)
            assert copied.position == memory.head == between.position(TENANT)
            assert (copied.after, copied.behind) == (0, 0)
            assert (between.capabilities.engine == "postgres") == (by == "postgres")
            for engine in (between, last):
                assert exported(engine, tmp_path / f"{id(engine)}.log") == first
                assert receipts(engine) == receipts(memory.engine)
                assert_sound(engine)
            memory.engine, first_engine = last, memory.engine
            for revision, stood in values.items():
                assert _values(memory, stood, revision) == stood
            busy(memory, 11, 20)
            memory.engine = first_engine
            assert_sound(last)


def _values(memory: Memory, keys: Any, revision: int) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for entry in keys:
        try:
            got = memory.read_at(revision, entry)
            found[entry] = (got.version, got.revision, got.dead, repr(got.value))
        except Exception as error:
            found[entry] = type(error).__name__
    return found


@pytest.mark.parametrize("to", KINDS)
def test_whoever_is_stopped_after_any_page_goes_on(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place(to)) as target:
        lived(memory, 5)
        memory.execute(archive(memory.author, 30, str(tmp_path / "old.log")))
        busy(memory, 6, 10)
        runs = 0
        while True:
            move = begun(memory.engine, target)
            if not move.step():
                break
            runs += 1
        assert move.finish().ok
        assert runs > 15
        assert exported(target, tmp_path / "b") == exported(memory.engine, tmp_path / "a")
        assert receipts(target) == receipts(memory.engine)


def test_two_who_move_the_same_log_do_no_harm(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place("postgres")) as target:
        lived(memory, 7)
        moves = [begun(memory.engine, target) for _ in range(2)]
        chance = random.Random(1)
        going = list(moves)
        while going:
            move = chance.choice(going)
            if not move.step():
                going.remove(move)
        assert all(move.finish().ok for move in moves)
        assert exported(target, tmp_path / "b") == exported(memory.engine, tmp_path / "a")


def test_receipts_come_in_the_transaction_of_their_records(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place("postgres")) as target:
        busy(memory, 2, 60)
        every = receipts(memory.engine)
        move = begun(memory.engine, target)
        while move.step():
            here = move.here.revision
            assert receipts(target) == [each for each in every if revision_of(each) <= here]


class Doubtful:
    """An engine whose every third write has an outcome that nobody is told."""

    def __init__(self, engine: Engine, *, lands: bool) -> None:
        self._engine = engine
        self._lands = lands
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def execute(self, tenant: str, program: Any, deadline_s: float) -> Any:
        self._calls += 1
        doubtful = self._calls % 3 == 0
        if doubtful and not self._lands:
            raise OutcomeUnknown("the answer was lost")
        result = self._engine.execute(tenant, program, deadline_s)
        if doubtful:
            raise OutcomeUnknown("the answer was lost")
        return result


@pytest.mark.parametrize("lands", [True, False])
def test_a_lost_answer_is_looked_up(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    small_pages(monkeypatch, 30)
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        busy(memory, 8, 100)
        doubtful: Any = Doubtful(target, lands=lands)
        move = begun(memory.engine, doubtful)
        while move.step():
            pass
        assert target.position(TENANT) == memory.head
        assert moved(memory.engine, target).records == 0
        assert receipts(target) == receipts(memory.engine)


@pytest.mark.parametrize("seed", range(6))
def test_retention_at_the_source_may_come_between_any_two_pages(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """What was copied whole, what was copied after, and what tells of it make one sound log."""
    small_pages(monkeypatch, 10)
    chance = random.Random(seed)
    address = place(KINDS[seed % 2])
    with opened(tmp_path / "first.db") as memory:
        busy(memory, seed, 80)
        for turn in range(4):
            with engine_at(address) as target:
                move, going = begun(memory.engine, target), True
                while going:
                    going = move.step()
                    what = chance.randrange(12)
                    if what == 0:
                        key = chance.choice((BLOCK, NOTES))
                        version = chance.randrange(memory.read(key).version) + 1
                        memory.execute(erase(memory.author, key, [version]))
                    elif what == 1:
                        floor = chance.randrange(memory.head.revision)
                        memory.execute(compact(memory.author, floor))
                    elif what == 2:
                        busy(memory, chance.randrange(99), 5)
                copied = move.finish()
                assert copied.ok, (turn, [str(each) for each in copied.report.findings])
        keys = memory.all_values(memory.head.revision)
        with engine_at(address) as target:
            moved(memory.engine, target)
            assert held(target) <= held(memory.engine)
            assert receipts(target) == receipts(memory.engine)
            memory.engine, source = target, memory.engine
            assert _values(memory, keys, source.position(TENANT).revision) == keys
            memory.execute(compact(memory.author, memory.head.revision))
            memory.engine = source
        with engine_at(address) as target:
            assert_sound(target)


def test_what_was_erased_after_it_was_copied_is_erased_there_too(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    secret = "a word that must go"
    address = place("file")
    with opened(tmp_path / "first.db") as memory:
        memory.append(secret)
        with engine_at(address) as target:
            moved(memory.engine, target)
            assert b"" not in {row[2] for row in receipts(target)}
        memory.execute(erase(memory.author, BLOCK))
        with engine_at(address) as target:
            assert moved(memory.engine, target).records == 1
            assert receipts(target) == receipts(memory.engine)
            assert [row[2] for row in receipts(target)].count(b"") == 1
            assert exported(target, tmp_path / "b") == exported(memory.engine, tmp_path / "a")
    assert secret.encode() not in Path(address).read_bytes()


def test_an_archive_that_overtook_the_target_is_said(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        busy(memory, 1, 60)
        move = begun(memory.engine, target)
        for _ in range(3):
            assert move.step()
        head = memory.head.revision
        memory.execute(compact(memory.author, head))
        memory.execute(archive(memory.author, head - 2, str(tmp_path / "old.log")))
        with pytest.raises(Refused, match="archived"):
            while move.step():
                pass
        with pytest.raises(Refused, match="archived"):
            moved(memory.engine, target)


def test_another_log_is_refused_and_not_touched(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    with (
        opened(tmp_path / "first.db") as memory,
        opened(tmp_path / "other.db") as other,
        engine_at(place("postgres")) as target,
    ):
        busy(memory, 1, 10)
        before = exported(other.engine, tmp_path / "a")
        with pytest.raises(Refused, match="another log"):
            moved(memory.engine, other.engine)
        assert exported(other.engine, tmp_path / "b") == before
        moved(memory.engine, target)
        memory.engine, source = target, memory.engine
        memory.append("a life of its own")
        memory.engine = source
        with pytest.raises(Refused, match="another log"):  # it is ahead
            moved(memory.engine, target)
        memory.append("a life of its own")
        with pytest.raises(Refused, match="another log"):  # as long, and different
            moved(memory.engine, target)


def test_somebody_who_writes_to_the_target_stops_the_copy(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        busy(memory, 1, 40)
        move = begun(memory.engine, target)
        for _ in range(4):
            assert move.step()
        memory.engine, source = target, memory.engine
        memory.append("too early")
        memory.engine = source
        with pytest.raises(Refused, match="another log"):
            move.step()
        assert_sound(target)


def test_a_tenant_that_was_founded_and_no_more_counts_as_empty_for_its_owner(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    theirs, mine = place("postgres"), place("postgres")
    Face(theirs, actor="bob", tenant=TENANT).open().close()
    Face(mine, actor="ann", tenant=TENANT).open().close()
    with opened(tmp_path / "first.db") as memory:
        busy(memory, 1, 10)
        with engine_at(theirs) as target, pytest.raises(AccessDenied):
            moved(memory.engine, target)
        with engine_at(mine) as target:
            moved(memory.engine, target)
            assert receipts(target) == receipts(memory.engine)
    with Face(theirs, actor="bob", tenant=TENANT) as face:
        assert face.position().revision == 1


def test_only_an_owner_of_the_tenant_may_copy(tmp_path: Path, place: Callable[[str], str]) -> None:
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        with pytest.raises(AccessDenied):
            moved(memory.engine, target, "eve")
        assert target.position(TENANT).revision == 0


def test_the_copy_ends_where_the_log_stood_when_it_began(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch)
    with opened(tmp_path / "first.db") as memory, engine_at(place("postgres")) as target:
        busy(memory, 1, 40)
        stood = memory.head
        move = begun(memory.engine, target)
        while move.step():
            memory.append("and one more")
        copied = move.finish()
        assert (copied.position, copied.ok) == (stood, True)
        assert copied.behind == memory.head.revision - stood.revision > 0
        again = moved(memory.engine, target)
        assert (again.after, again.records, again.behind) == (stood.revision, copied.behind, 0)


def test_a_page_holds_whole_commits_and_about_so_many_bytes(
    tmp_path: Path, place: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commonplace.limits.RETENTION_PAGE_BYTES", 20_000)
    monkeypatch.setattr("commonplace.storage.programs.upkeep.moving._ROWS", 2)
    sizes: list[int] = []
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        for number in range(60):
            memory.put({"text": "x" * 3000}, FACT._replace(key=f"k{number}"))
        move = begun(memory.engine, target)
        before = 0
        while move.step():
            sizes.append(move._records - before)
            before = move._records
        assert move.finish().ok
    assert len(sizes) > 5
    assert max(sizes) <= 14


def test_a_log_that_lacks_its_end_is_not_copied_for_ever(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    with opened(tmp_path / "first.db") as memory, engine_at(place("file")) as target:
        busy(memory, 1, 10)
        memory.sql("DELETE FROM log WHERE revision = (SELECT max(revision) FROM log)")
        with pytest.raises(DamagedMemory, match="audit"):
            moved(memory.engine, target)


# --- what retries find ---------------------------------------------------------------------------


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("by", KINDS)
def test_a_retry_at_the_target_finds_what_was_written_at_the_source(
    place: Callable[[str], str], by: str, to: str
) -> None:
    source, target = place(by), place(to)
    with Face(source, actor="lead", tenant=TENANT) as memory:
        block = memory.create_task("q3").create_block("findings")
        asked = {"idempotency_key": "page-17", "reason": "page 17"}
        written = block.append("Churn fell.", **asked)
        with memory.atomic(key="both"):
            block.append("one")
            block.append("two")
        secret = block.append("a secret", idempotency_key="gone")
        memory.erase(f"task/q3:findings@{secret.version}", reason="asked")
        assert memory.copy_to(target).ok
    with Face(target, actor="lead", tenant=TENANT, create=False) as memory:
        block, head = memory.task("q3").block("findings"), memory.position()
        again = block.append("Churn fell.", **asked)
        assert again.repeated
        assert (again.revision, again.digest) == (written.revision, written.digest)
        with memory.atomic(key="both") as group:
            block.append("one")
            block.append("two")
        assert all(receipt.repeated for receipt in group.receipts)
        with pytest.raises(IdempotencyMismatch):
            block.append("Churn rose.", **asked)
        with pytest.raises(IdempotencyMismatch):
            block.append("a secret", idempotency_key="gone")
        with memory.as_actor("web") as web, pytest.raises(AccessDenied):
            web.task("q3").block("findings").append("Churn fell.", **asked)
        assert memory.position() == head


def test_a_retry_of_what_was_archived_is_found_too(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    target = place("postgres")
    with Face(tmp_path / "team.db", actor="lead", tenant=TENANT) as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("old", idempotency_key="old")
        through = block.append("older than the next").revision
        for number in range(5):
            block.append(f"line {number}")
        memory.compact(through + 2)
        memory.archive(tmp_path / "old.ndjson", through=through)
        assert memory.copy_to(target).ok
    with Face(target, actor="lead", tenant=TENANT, create=False) as memory:
        assert memory.task("q3").block("findings").append("old", idempotency_key="old").repeated


def test_a_key_that_was_used_again_after_an_import_finds_the_later_commit(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    with Face(tmp_path / "a.db", actor="lead", tenant=TENANT) as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("once", idempotency_key="again")
        memory.export(tmp_path / "log")
    with Face(tmp_path / "b.db", actor="lead", tenant=TENANT) as memory:
        memory.import_log(tmp_path / "log")
        later = memory.task("q3").block("findings").append("once", idempotency_key="again")
        assert not later.repeated
        target = place("postgres")
        assert memory.copy_to(target).ok
    with Face(target, actor="lead", tenant=TENANT, create=False) as memory:
        again = memory.task("q3").block("findings").append("once", idempotency_key="again")
        assert (again.repeated, again.revision) == (True, later.revision)


@pytest.mark.parametrize("to", KINDS)
def test_a_key_as_old_as_one_that_was_swept_is_refused_at_the_target(
    tmp_path: Path, place: Callable[[str], str], to: str
) -> None:
    target = place(to)
    with Face(tmp_path / "a.db", actor="ann", tenant=TENANT) as face:
        face.create_task("q3").create_block("findings")
    with opened(tmp_path / "a.db", found=False) as memory, engine_at(target) as engine:
        memory.sql("UPDATE tenant SET swept_us = 9000000000000000")
        moved(memory.engine, engine)
        assert swept_us(engine) == 9_000_000_000_000_000
    with Face(target, actor="ann", tenant=TENANT) as face, pytest.raises(IdempotencyExpired):
        face.task("q3").block("findings").append("late")


def test_a_follower_copies_what_its_source_holds(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    source, target = place("postgres"), place("file")
    with Face(source, actor="lead", tenant=TENANT) as memory:
        block = memory.create_task("q3").create_block("findings")
        block.append("once", idempotency_key="once")
    with Face(source, actor="lead", tenant=TENANT, follow=str(tmp_path / "local.db")) as memory:
        assert memory.copy_to(target).receipts > 0
    with Face(target, actor="lead", tenant=TENANT, create=False) as memory:
        block = memory.task("q3").block("findings")
        assert block.append("once", idempotency_key="once").repeated


async def copied_on_a_loop(source: str, target: str) -> tuple[Copied, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    async with AsyncFace(source, actor="lead", tenant=TENANT) as memory:
        await memory.create_task("q3")
        found = await memory.copy_to(target, progress=lambda *each: told.append(each))
    return found, told


def test_an_event_loop_copies_too(place: Callable[[str], str]) -> None:
    copied, told = asyncio.run(copied_on_a_loop(place("file"), place("postgres")))
    revision = copied.position.revision
    assert (copied.ok, told) == (True, [(revision, revision)])


def test_a_role_that_row_level_security_binds_moves_its_tenants(
    tmp_path: Path, place: Callable[[str], str]
) -> None:
    bound = [f"{place('postgres')}?options=-c%20role%3Dcommonplace" for _ in range(2)]
    for address in bound:
        with engine_at(address.partition("?")[0]):
            pass  # whoever owns the tables makes them
    with opened(tmp_path / "first.db") as memory:
        lived(memory, 4)
        with engine_at(bound[0]) as source, engine_at(bound[1]) as target:
            moved(memory.engine, source)
            assert moved(source, target).position == memory.head
            assert receipts(target) == receipts(memory.engine)
