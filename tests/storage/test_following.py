"""Following: the copy is what the source's log gives, whatever is killed, dropped or cut."""

import math
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import apsw
import pytest

from commonplace import Memory, errors
from commonplace.limits import BACKSTOP_S
from commonplace.storage.address import Follow, open_engine, open_follower
from commonplace.storage.engine import Engine, Follower, Lag
from commonplace.storage.following.feed import page
from commonplace.storage.following.lags import Lags
from commonplace.storage.programs.upkeep import retention
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.tailer import commits
from copies import cut, engine_of, state_of, until
from crews import DERIVED, SPACE, Crew, crew
from processes import Process


@contextmanager
def following(team: Crew, path: Path) -> Iterator[Memory]:
    with Memory(str(team.path), actor="lead", follow=path) as memory:
        yield memory


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Crew]:
    with crew(tmp_path / "team.db") as team:
        yield team


def live(team: Crew, seed: int, calls: int = 60) -> None:
    """Writes of all kinds."""
    chance = random.Random(seed)
    for number in range(calls):
        name = chance.choice(("findings", "notes", "report"))
        what = chance.random()
        if what < 0.6:
            team.append("ana", f"{name} {number} {'x' * chance.randrange(60)}", name)
        elif what < 0.8:
            team.put("wri", f"k{number % 5}", {"v": number}, based_on=[f"{SPACE}:{name}"])
        elif what < 0.9:
            with team["web"].turn() as turn:
                turn.read(team.block("web", name))
                team.append("web", f"in a turn {number}", name, turn=turn)
        else:
            block = team.block("lead", name)
            block.rewrite(f"anew {number}", expect=block.read().version)


def settled(memory: Memory, team: Crew, besides: str = "") -> None:
    """Wait until the copy has everything, and has dropped what the source dropped."""
    memory.catch_up(linearizable=True)
    paths = Path(engine_of(memory).path), Path(str(team.path))

    def same() -> bool:
        here, there = (state_of(path) | {besides: []} for path in paths)
        return here == there

    until(same, "the copy is the same")


# --- the same state -----------------------------------------------------------------------------


def test_copy_is_the_same_after_everything(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with following(team, path) as memory:
        live(team, 1)
        settled(memory, team)
        team["web"].supersede(f"{SPACE}:findings", replacement="newer")
        head = memory.position().revision
        team["lead"].erase(f"{SPACE}:notes@1")
        settled(memory, team)
        live(team, 2, 300)
        team["lead"].compact(head + 200)
        settled(memory, team)
        live(team, 3)
        team["lead"].forget_served(head + 100)
        settled(memory, team)
        team["lead"].compact(head + 310)
        settled(memory, team)
        team["lead"].archive(tmp_path / "old.ndjson", through=head + 150)
        live(team, 4)
        settled(memory, team)
        assert memory.health().state == "ok"
    with Memory(str(path), actor="lead") as copy:
        report = copy.audit()
        assert report.ok, report.findings
        assert copy.position() == team["lead"].position()


@pytest.mark.parametrize("dropped", ["nothing", "compacted", "erased", "archived"])
def test_new_file_begins_whatever_the_log_has_lost(
    team: Crew, tmp_path: Path, dropped: str
) -> None:
    live(team, 1, 200)
    head = team["lead"].position().revision
    if dropped == "erased":
        team["lead"].erase(f"{SPACE}:findings@2")
        live(team, 2)
    if dropped in ("compacted", "archived"):
        team["lead"].compact(head - 10)
    if dropped == "archived":
        team["lead"].archive(tmp_path / "old.ndjson", through=head - 50)
    with following(team, tmp_path / "copy.db") as memory:
        # In which revision a namespace first appeared is lost with archived records.
        besides = "namespace" if dropped == "archived" else ""
        settled(memory, team, besides)
        live(team, 3)
        settled(memory, team, besides)
    with Memory(str(tmp_path / "copy.db"), actor="lead") as copy:
        assert copy.audit().ok


def test_copy_that_was_away_takes_up_where_it_stood(team: Crew, tmp_path: Path) -> None:
    live(team, 1)
    with following(team, tmp_path / "copy.db") as memory:
        settled(memory, team)
        stood = memory.position()
    live(team, 2, 150)
    team["lead"].compact(team["lead"].position().revision - 20)
    with following(team, tmp_path / "copy.db") as memory:
        assert memory.position().revision > stood.revision
        settled(memory, team)


def test_nothing_is_dropped_before_its_checkpoint_is_here(team: Crew, tmp_path: Path) -> None:
    """A compaction raises the floor first, and seals what reads at the floor need afterwards."""
    for number in range(30):
        team.append("ana", f"line {number}")
    with following(team, tmp_path / "copy.db") as memory:
        settled(memory, team)
        session = team["lead"]._opened()
        floor = team["lead"].position().revision
        author = Author(session.reader, session.actor)
        progress = session.execute(retention.raise_floor(author, floor, ""))
        memory.catch_up(linearizable=True)
        memory.catch_up(at_least=team.append("ana", "after the floor"))
        assert memory.at(floor).task("q3").block("findings").read().version == 30
        with pytest.raises(errors.Compacted):
            memory.at(floor - 1).task("q3").block("findings").read()
        while not progress.ended:
            progress = session.execute(retention.compact_page(author, progress))
        settled(memory, team)
        assert memory.at(floor).task("q3").block("findings").read().version == 30


def test_a_copy_made_by_copy_to_is_followed_into(team: Crew, tmp_path: Path) -> None:
    live(team, 1)
    head = team["lead"].position().revision
    team["lead"].compact(head - 10)
    team["lead"].archive(tmp_path / "old.ndjson", through=head - 20)
    team["lead"].copy_to(tmp_path / "copy.db")
    live(team, 2)
    with following(team, tmp_path / "copy.db") as memory:
        settled(memory, team, "namespace")  # as above


def test_page_holds_whole_commits(team: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        with team["ana"].atomic():
            for name in ("findings", "notes", "report"):
                team.block("ana", name).append(f"line {number}")
    engine = team["lead"]._opened().engine
    whole = commits(engine.tail("default", 0, 1000))
    for most in (1, 2, 4, 7, 1000):
        monkeypatch.setattr("commonplace.storage.following.feed._RECORDS", most)
        monkeypatch.setattr("commonplace.storage.following.feed._ROWS", most)
        after, found = 0, []
        while items := engine.read("default", page("default", after)).items:
            found += commits([item.record for item in items])
            after = items[-1].record.revision
        assert found == whole, most


# --- what is refused ----------------------------------------------------------------------------


def refusal(team: Crew, path: Path) -> errors.FollowerDiverged:
    with pytest.raises(errors.FollowerDiverged) as caught:
        Memory(str(team.path), actor="lead", follow=path).open()
    return caught.value


def test_file_of_another_log_is_refused_and_not_touched(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with crew(path) as other:
        other.append("ana", "mine")
    live(team, 1)
    before = state_of(path)
    error = refusal(team, path)
    assert "another log" in str(error) and "commonplace copy" in str(error)
    assert error.path == str(path)
    assert state_of(path) == before


def test_file_ahead_of_its_source_is_refused(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with crew(path) as other:
        live(other, 1)
    before = state_of(path)
    assert "ends at" in str(refusal(team, path))
    assert state_of(path) == before


def test_file_of_another_tenant_is_refused(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with Memory(str(path), actor="lead", tenant="acme"):
        pass
    before = state_of(path)
    assert "'acme'" in str(refusal(team, path))
    assert state_of(path) == before


def test_file_that_others_wrote_to_is_refused_at_the_next_record(
    team: Crew, tmp_path: Path
) -> None:
    path = tmp_path / "copy.db"
    with following(team, path) as memory:
        settled(memory, team)
        with Memory(str(path), actor="ana") as wrong:
            wrong.task("q3").block("notes").append("not from the source")
        team.append("ana", "from the source", "notes")
        until(lambda: memory.health().state == "halted", "it is noticed")
        with pytest.raises(errors.FollowerDiverged, match="another log"):
            memory.task("q3").block("notes").read()
    refusal(team, path)


def test_copy_behind_an_archive_says_what_to_do(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with following(team, path) as memory:
        settled(memory, team)
    live(team, 1, 100)
    head = team["lead"].position().revision
    team["lead"].compact(head)
    team["lead"].archive(tmp_path / "old.ndjson", through=head)
    error = refusal(team, path)
    assert "old.ndjson" in str(error) and "commonplace copy" in str(error)


@pytest.mark.parametrize("follow", ["", ":memory:", "postgresql://x/y", "a\0b"])
def test_what_is_no_file_is_not_followed_into(team: Crew, follow: str) -> None:
    with pytest.raises(errors.InvalidInput):
        Memory(str(team.path), actor="lead", follow=follow).open()


def test_neither_memory_nor_itself_is_followed(tmp_path: Path) -> None:
    with pytest.raises(errors.InvalidInput, match="nothing to follow"):
        Memory(":memory:", actor="a", follow=tmp_path / "f.db").open()
    with pytest.raises(errors.InvalidInput, match="itself"):
        Memory(tmp_path / "f.db", actor="a", follow=tmp_path / "." / "f.db").open()


# --- several processes, and their ends ----------------------------------------------------------

FOLLOWS = """
import sys
from commonplace import Memory
with Memory(sys.argv[1], actor="lead", follow=sys.argv[2]) as memory:
    print("open", flush=True)
    for line in sys.stdin:
        print(memory.position().revision, flush=True)
"""


def kill_rounds(team: Crew, path: Path, rounds: int, seed: int) -> None:
    """Kill whoever tails, again and again, in the midst of writes, retention and erasure."""
    chance, lead = random.Random(seed), team["lead"]
    for number in range(rounds):
        with Process(FOLLOWS, str(team.path), str(path)) as process:
            if chance.random() < 0.7:
                assert process.hear() == "open", f"seed {seed}, round {number}"
            live(team, chance.randrange(1 << 30), chance.randrange(5, 40))
            head = lead.position().revision
            if number % 4 == 1:
                lead.compact(head - chance.randrange(10, 40))
            if number % 7 == 3:
                version = team.block("lead", "notes").read().version
                lead.erase(f"{SPACE}:notes@{chance.randrange(max(1, version - 9), version + 1)}")
            if number % 9 == 5:
                lead.forget_served(head - 20)
            process.kill()
        if path.exists():
            with Memory(str(path), actor="lead") as copy:
                if copy.position().revision > 1:
                    report = copy.audit()
                    assert report.ok, (seed, number, report.findings)
    with following(team, path) as memory:
        settled(memory, team)


def test_killed_at_any_moment_it_resumes(team: Crew, tmp_path: Path) -> None:
    kill_rounds(team, tmp_path / "copy.db", 12, seed=11)


@pytest.mark.soak
def test_killed_hundreds_of_times_it_resumes(team: Crew, tmp_path: Path) -> None:
    seed = int(os.environ.get("COMMONPLACE_SEED", str(time.time_ns() % 1_000_000)))
    os.write(1, f"\nseed {seed}\n".encode())
    rounds = int(os.environ.get("COMMONPLACE_KILL_ROUNDS", "300"))
    kill_rounds(team, tmp_path / "copy.db", rounds, seed)


def test_another_takes_over_within_a_second(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with Process(FOLLOWS, str(team.path), str(path)) as first:
        assert first.hear() == "open"
        until((tmp_path / "copy.db-tail").exists, "it tails")
        first.say()
        first.hear()
        with following(team, path) as memory:
            receipt = team.append("ana", "before")
            memory.catch_up(at_least=receipt)
            first.kill()
            receipt = team.append("ana", "after")
            took_s = until(lambda: memory.position().revision >= receipt.revision, "taken over")
            assert took_s < 1.0


def test_stopped_holder_holds_up_nobody_for_long(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with Process(FOLLOWS, str(team.path), str(path)) as first:
        assert first.hear() == "open"
        with following(team, path) as memory:
            memory.catch_up(at_least=team.append("ana", "before"))
            first.send(signal.SIGSTOP)
            receipt = team.append("ana", "after")
            assert memory.catch_up(at_least=receipt).revision >= receipt.revision
            first.send(signal.SIGCONT)
            settled(memory, team)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_leaves_the_follower_to_the_parent(team: Crew, tmp_path: Path) -> None:
    with following(team, tmp_path / "copy.db") as memory:
        settled(memory, team)
        notes, (reads, writes) = memory.task("q3").block("notes"), os.pipe()
        child = os.fork()
        if not child:
            said = b""
            for call in (notes.read, lambda: notes.append("from the child")):
                try:
                    call()
                    said += b"went through;"
                except errors.ForkedMemory:
                    said += b"refused;"
            memory.close()
            os.write(writes, said)
            os._exit(0)
        os.close(writes)
        assert os.read(reads, 100) == b"refused;refused;"
        os.close(reads)
        os.waitpid(child, 0)
        memory.catch_up(at_least=team.append("ana", "after", "notes"))
        assert "process" not in engine_of(memory)._tail.holder, "the turn is still the parent's"
        settled(memory, team)


def test_a_copy_that_was_killed_while_it_was_emptied_begins_anew(
    team: Crew, tmp_path: Path
) -> None:
    path = tmp_path / "copy.db"
    live(team, 1)
    with following(team, path) as memory:
        settled(memory, team)
    connection = apsw.Connection(str(path))
    for table in ("tenant", "entry", "namespace", *DERIVED):
        connection.execute(f"DELETE FROM {table}")
    connection.close()
    with following(team, path) as memory:
        settled(memory, team)


def test_a_copy_that_only_holds_a_founding_takes_up_another_log(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with Memory(str(path), actor="lead"):
        pass
    live(team, 1)
    with following(team, path) as memory:
        settled(memory, team)


def test_everybody_on_a_file_reads_it(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    with ExitStack() as stack:
        processes = [
            stack.enter_context(Process(FOLLOWS, str(team.path), str(path))) for _ in range(3)
        ]
        assert [process.hear() for process in processes] == ["open"] * 3
        head = team.append("ana", "line").revision
        with following(team, path) as memory:
            memory.catch_up(at_least=head)
            for process in processes:
                process.say()
                assert int(process.hear()) >= head


# --- how far behind -----------------------------------------------------------------------------


def test_lags_are_those_of_the_worked_example() -> None:
    now_s = 0.0
    lags = Lags(lambda: now_s)
    lags.reach(5)
    lags.looked(10.0, 7)
    now_s = 10.3
    assert lags.lag() == (2, math.inf)
    lags.reach(7)
    assert lags.lag() == (0, pytest.approx(0.3))
    now_s = 20.0
    assert lags.lag() == (0, pytest.approx(10.0)), "a source out of reach lets the seconds grow"


def test_copy_that_is_always_a_little_behind_is_never_long_behind() -> None:
    now_s = 0.0
    lags = Lags(lambda: now_s)
    lags.looked(0.0, 0)
    for number in range(1, 500):
        now_s = float(number)
        lags.looked(now_s, number * 10)
        lags.reach(number * 10 - 5)
        assert lags.lag().seconds <= 2, number
    assert lags.lag() == Lag(5, 1.0)


def test_source_out_of_reach(team: Crew, tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    team.append("ana", "one")
    with following(team, path) as memory:
        settled(memory, team)
        block = memory.task("q3").block("findings")
        stood = block.read()
        wire = cut(memory)
        until(lambda: memory.health().state == "lagging", "it is noticed")
        assert "the wire is cut" in memory.health().reason
        assert block.read() == stood and block.read().as_of == stood.as_of
        assert memory.why("one").occurrences
        with pytest.raises(errors.EngineUnavailable, match="wire is cut"):
            block.append("two")
        late = team.append("ana", "three")
        wire.is_cut = False
        assert memory.catch_up(at_least=late).revision >= late.revision
        assert block.append("two").version == late.version + 1
        until(lambda: memory.health().state == "ok", "it is well again")


def test_opens_without_its_source_once_something_was_copied(
    team: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "copy.db"
    team.append("ana", "one")
    with following(team, path) as memory:
        settled(memory, team)
    right = open_engine

    def unreachable(address: str) -> Engine:
        engine = right(address)

        def refuse(*, create: bool) -> None:
            raise errors.EngineUnavailable("nobody answers")

        monkeypatch.setattr(engine, "open", refuse)
        return engine

    monkeypatch.setattr("commonplace.storage.address.open_engine", unreachable)
    with following(team, path) as memory:
        assert memory.task("q3").block("findings").read().text == "one"
        assert memory.health().state == "lagging"
        with pytest.raises(errors.EngineUnavailable, match="nobody answers"):
            memory.task("q3").block("findings").append("two")
    with pytest.raises(errors.EngineUnavailable, match="nobody answers"):
        Memory(str(team.path), actor="lead", follow=tmp_path / "new.db").open()


def test_engine_keeps_the_contract(team: Crew, tmp_path: Path) -> None:
    engine = open_follower(str(team.path), Follow(str(tmp_path / "copy.db"), "default"))
    names = [name for name in dir(Engine) if not name.startswith("_")]
    assert not [name for name in names if not hasattr(engine, name)]
    assert isinstance(engine, Follower)
    assert not isinstance(open_engine(str(team.path)), Follower)
    assert not engine.capabilities.spans_tenants
    engine.open(create=False)
    assert engine.barrier("default") == team["lead"].position() == engine.position("default")
    engine.close()
    engine.close()
    assert engine.health().state == "halted"
    with pytest.raises(errors.EngineUnavailable):
        engine.position("default")
    assert BACKSTOP_S < 1
