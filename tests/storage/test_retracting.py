"""Retracting: who may, what goes, what is left, and what everybody hears of it."""

from collections.abc import Iterator

import pytest

from commonplace import (
    AccessDenied,
    Compacted,
    InvalidInput,
    InvalidReference,
    InvalidValue,
    LimitExceeded,
    Memory,
    NotAuthor,
    NotFound,
    VersionConflict,
)
from commonplace.core.reserved import contract_key
from commonplace.core.rules import AppendOnly
from commonplace.model.contract import Contract, RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.storage.programs.taking_back.marking import statuses
from commonplace.storage.programs.taking_back.noticing import acknowledgement, pending_notices
from commonplace.storage.proposal import draft
from crews import SPACE, STORE, Crew, crew, suspects

FINDINGS = f"{SPACE}:findings"
ARR = f"{SPACE}:{STORE}/arr"


@pytest.fixture
def team() -> Iterator[Crew]:
    with crew() as team:
        yield team


def text(team: Crew, name: str = "findings") -> str:
    return team.block("lead", name).read().text


def arr(team: Crew) -> object:
    return team["lead"].resolve(ARR).entry.value


# --- what goes, and what comes in its place -----------------------------------------------------


def test_lines_go_and_the_replacement_stands_where_the_first_stood(team: Crew) -> None:
    team.append("web", "one\ntwo\nthree\nfour")
    done = team["web"].retract(f"{FINDINGS}@1#L2-3", replacement="2\n3\n3.5", reason="misread")
    assert text(team) == "one\n2\n3\n3.5\nfour"
    assert (str(done.by), done.revision, done.versions) == (f"{FINDINGS}@2", done.revision, (1,))
    assert done.stood and not done.dry_run and not done.unchanged
    assert str(done.reference) == f"{FINDINGS}@1#L2-3"
    record = team.block("lead").history(limit=1)[0]
    assert (record.operation, record.reason) == ("retract", "misread")
    team["web"].retract(f"{FINDINGS}@1#L4")
    assert text(team) == "one\n2\n3\n3.5"
    team["web"].retract(FINDINGS)
    assert text(team) == ""


def test_a_version_names_what_it_put_there_and_no_version_what_stands(team: Crew) -> None:
    team.append("web", "one")
    team.append("web", "two")
    team.append("ana", "three")
    seen = team["lead"].retract(f"{FINDINGS}@2", dry_run=True)
    assert seen.versions == (2,)
    assert team["lead"].retract(FINDINGS, dry_run=True).versions == (1, 2, 3)
    assert team["lead"].retract(f"{FINDINGS}@2#L1", dry_run=True).versions == (1,)
    assert team["lead"].retract(f"{FINDINGS}@-1", dry_run=True).versions == (2,)
    head = team["lead"].position().revision
    assert team["lead"].retract(f"{FINDINGS}@r{head}", dry_run=True).versions == (3,)
    team["web"].retract(f"{FINDINGS}@2")
    assert text(team) == "one\nthree"


def test_lines_that_have_gone_are_taken_back_in_the_record_alone(team: Crew) -> None:
    team.append("web", "wrong")
    team.block("lead").rewrite("all new", expect=1)
    done = team["web"].retract(f"{FINDINGS}@1", replacement="right")
    assert not done.stood and done.replacement == "right"
    assert text(team) == "all new"
    assert team.marks("findings") == {1: ["retracted [0]"], 2: ["suspect declared 1"]}


def test_json_values(team: Crew) -> None:
    team.put("web", "arr", {"n": 1})
    team.put("ana", "arr", {"n": 2})
    done = team["web"].retract(f"{ARR}@1", replacement={"n": 0})
    assert not done.stood and arr(team) == {"n": 2}
    done = team["ana"].retract(ARR, replacement={"n": 3})
    assert done.stood and done.versions == (2,) and arr(team) == {"n": 3}
    assert team["lead"].retract(f"{ARR}@4", dry_run=True).versions == (4,)
    done = team["ana"].retract(f"{ARR}@4")
    assert not team["lead"].resolve(ARR).entry.exists
    with pytest.raises(NotFound):
        team["lead"].retract(ARR)
    with pytest.raises(InvalidReference, match="whole"):
        team["lead"].retract(f"{ARR}@1#L1")
    assert team["lead"].audit().ok


def test_what_was_deleted_can_be_retracted_and_stays_deleted(team: Crew) -> None:
    team.append("web", "wrong")
    team.block("lead").delete(expect=1)
    team["web"].retract(f"{FINDINGS}@1", replacement="right")
    entry = team.block("lead").read()
    assert not entry.exists and entry.version == 3
    team.put("web", "arr", 1)
    team.delete("lead", "arr")
    team["web"].retract(f"{ARR}@1", replacement=2)
    assert not team["lead"].resolve(ARR).entry.exists
    assert team["lead"].audit().ok


def test_what_cannot_be_named_is_refused(team: Crew) -> None:
    team.append("web", "one")
    team.block("lead").delete(expect=1)
    team.block("lead").rewrite("two", expect=2)
    for reference, error in (
        (f"{FINDINGS}@9", NotFound),
        (f"{FINDINGS}@0", NotFound),
        (f"{FINDINGS}@-7", NotFound),
        (f"{FINDINGS}@3#L2", NotFound),
        (f"{FINDINGS}@2", NotFound),  # a tombstone put nothing there
        (f"{SPACE}:nowhere", NotFound),
        (f"{SPACE}:notes", NotFound),
        ("findings@1", InvalidReference),
        (f"{SPACE}:_contracts/findings", InvalidInput),
    ):
        with pytest.raises(error):
            team["lead"].retract(reference)
    for wrong in (7, "\ud800"):
        with pytest.raises(InvalidValue):
            team["lead"].retract(FINDINGS, replacement=wrong)
    with pytest.raises(LimitExceeded):
        team["lead"].retract(FINDINGS, replacement="x" * (1 << 21))


def test_under_any_rule(team: Crew) -> None:
    log = team["lead"].task("q3").create_block("log", rule=AppendOnly())
    team["lead"].task("q3").block("log").append("wrong")
    done = team["lead"].retract(log.reference.pinned(1), replacement="right")
    assert done.stood and text(team, "log") == "right"


def test_too_many_versions_at_once(team: Crew) -> None:
    for number in range(257):
        team.append("web", str(number))
    with pytest.raises(LimitExceeded, match="in parts"):
        team["web"].retract(FINDINGS)
    assert len(team["web"].retract(f"{FINDINGS}@257#L2-257").versions) == 256
    assert text(team) == "0"


# --- who may ------------------------------------------------------------------------------------


def test_authors_and_owners_alone(team: Crew) -> None:
    team.append("web", "web's")
    team.append("ana", "ana's")
    head = team["lead"].position()
    for reference, options in (
        (f"{FINDINGS}@2", {}),
        (f"{FINDINGS}@2", {"dry_run": True}),
        (FINDINGS, {}),  # all of it must be one's own
    ):
        with pytest.raises(NotAuthor) as caught:
            team["web"].retract(reference, **options)
        assert "ana" in caught.value.authors
    assert team["lead"].position() == head, "nothing was written"
    with team["lead"].as_actor("eve") as eve, pytest.raises(AccessDenied):
        eve.retract(f"{FINDINGS}@1")
    assert team["web"].retract(f"{FINDINGS}@1").actor == "web"
    assert team["lead"].retract(f"{FINDINGS}@2").actor == "lead"


def test_a_contributor_takes_back_its_own_and_an_editor_supersedes(team: Crew) -> None:
    block = team["lead"].task("q3").create_block("open", share={"bob": "contributor"})
    with team["lead"].as_actor("bob") as bob:
        bob.task("q3").block("open").append("mine")
        team.append("ana", "not mine", "open")
        with pytest.raises(NotAuthor):
            bob.supersede(block.reference.pinned(2), replacement="x")
        bob.retract(block.reference.pinned(1))
    team["web"].supersede(block.reference.pinned(2), replacement="newer")
    assert text(team, "open") == "newer"


# --- once ---------------------------------------------------------------------------------------


def test_twice_is_unchanged_and_says_so(team: Crew) -> None:
    team.append("web", "a\nb")
    team.append("wri", "built", "report", based_on=[f"{FINDINGS}@1"])
    first = team["web"].retract(f"{FINDINGS}@1#L1", reason="wrong")
    head = team["web"].position()
    again = team["web"].retract(f"{FINDINGS}@1#L1", replacement="too late")
    assert again.unchanged and again.by == first.by and again.revision == first.revision
    assert (again.reason, again.suspects, again.told) == ("wrong", first.suspects, first.told)
    assert team["web"].supersede(f"{FINDINGS}@1#L1", replacement="x").unchanged
    assert team["web"].retract(f"{FINDINGS}@1#L1", dry_run=True).unchanged
    assert team["web"].position() == head
    rest = team["web"].retract(f"{FINDINGS}@1")
    assert not rest.unchanged and text(team) == ""
    assert team.marks("findings")[1] == ["retracted [0]", "retracted [1]"]
    assert team["web"].retract(f"{FINDINGS}@1").unchanged


def test_what_was_superseded_can_be_retracted(team: Crew) -> None:
    team.append("web", "old")
    done = team["web"].supersede(f"{FINDINGS}@1", replacement="new", reason="Q4")
    assert (done.suspects, done.told, done.operation) == ((), (), "supersede")
    assert text(team) == "new"
    assert team["web"].supersede(f"{FINDINGS}@1", replacement="newer").unchanged
    assert not team["web"].retract(f"{FINDINGS}@1").unchanged
    assert team.marks("findings") == {1: ["superseded [0]", "retracted [0]"]}
    with pytest.raises(InvalidValue):
        team["web"].supersede(FINDINGS, replacement=None)


def test_a_retraction_is_not_taken_back_and_its_replacement_is(team: Crew) -> None:
    team.append("web", "wrong")
    team["web"].retract(f"{FINDINGS}@1")
    with pytest.raises(NotFound, match="put nothing there"):
        team["web"].retract(f"{FINDINGS}@2")
    team.append("web", "again")
    team["web"].retract(f"{FINDINGS}@3", replacement="wrong too")
    assert team["web"].retract(f"{FINDINGS}@4").versions == (4,)
    assert text(team) == ""
    assert team.marks("findings") == {
        1: ["retracted [0]"],
        3: ["retracted [0]"],
        4: ["retracted [0]"],
    }


def test_not_inside_a_group(team: Crew) -> None:
    team.append("web", "wrong")
    with pytest.raises(InvalidInput, match="atomic"), team["web"].atomic():
        team["web"].retract(f"{FINDINGS}@1")


# --- what everybody hears -----------------------------------------------------------------------


def test_whoever_was_shown_it_is_told_and_what_it_built_is_named(team: Crew) -> None:
    team.append("web", "right\nwrong")
    with team["ana"].turn() as first, team["web"].turn() as own:
        first.read(team.block("ana"))
        own.read(team.block("web"))
        team.append("ana", "built on it", "notes", turn=first)
    with team["ana"].turn() as second:
        second.read(team.block("ana"))
    with team["wri"].turn() as other:
        other.read(team.block("wri", "notes"))
    done = team["web"].retract(f"{FINDINGS}@1#L2", replacement="corrected", reason="misread")
    assert done.told == ("ana",), "neither the author itself nor who saw only what came of it"
    assert team.notices("web").notices == () == team.notices("wri").notices
    (notice,) = team.notices("ana").notices
    assert (notice.to, notice.actor, notice.reason) == ("ana", "web", "misread")
    assert (notice.text, notice.replacement) == ("wrong", "corrected")
    assert (str(notice.reference), str(notice.by)) == (f"{FINDINGS}@1#L2", f"{FINDINGS}@2")
    assert notice.turns == (second.id, first.id)
    assert [str(each.reference) for each in notice.built] == [f"{SPACE}:notes@1"]
    assert notice.at == team.block("lead").history(limit=1)[0].at


@pytest.mark.parametrize("rerun", [False, True])
def test_a_notice_waits_until_it_is_settled(team: Crew, rerun: bool) -> None:
    team.append("web", "wrong")
    for _ in range(2):
        with team["ana"].turn() as turn:
            turn.read(team.block("ana"))
    team["web"].retract(f"{FINDINGS}@1")
    (notice,) = team.notices("ana").notices
    team.commit("ana", acknowledgement(notice, rerun=rerun))
    assert team.notices("ana").notices == ()
    assert team.sql("SELECT settled FROM notice") == [("rerun" if rerun else "acknowledged",)]
    team.commit("ana", acknowledgement(notice, rerun=True))
    assert team.sql("SELECT settled FROM notice") == [("rerun",)]
    assert team["lead"].audit().ok


def test_more_notices_than_fit_are_counted(team: Crew) -> None:
    team.append("web", "\n".join("abcde"))
    with team["ana"].turn() as turn:
        turn.read(team.block("ana"))
    for line in range(1, 6):
        team["web"].retract(f"{FINDINGS}@1#L{line}")
    notices = team.notices("ana", limit=2)
    assert (len(notices.notices), notices.more) == (2, 3)
    assert [notice.text for notice in notices.notices] == ["a", "b"]


def test_who_lost_access_is_told_that_it_was_retracted_and_nothing_else(team: Crew) -> None:
    block = team["lead"].task("q3").create_block("inner", share={"bob": "editor"})
    with team["lead"].as_actor("bob") as bob:
        block.append("secret and wrong")
        with bob.turn() as turn:
            turn.read(block.reference)
            bob.task("q3").block("inner").append("built", turn=turn)
        team["lead"].task("q3").unshare("bob", region="inner")
        team["lead"].retract(block.reference.pinned(1), reason="a secret", replacement="hidden")
        session = bob._opened()
        (notice,) = session.read(pending_notices(session.reader, "bob")).notices
    assert (notice.reason, notice.text, notice.replacement, notice.built) == ("", None, None, ())
    assert notice.turns == (turn.id,) and str(notice.reference) == f"{SPACE}:inner@1"


def test_suspects_where_the_actor_may_not_read_are_counted(team: Crew) -> None:
    team.append("web", "wrong")
    private = EntryKey("agent/ana", "diary")
    contract = Contract("text", RuleSpec("text_block")).to_plain()
    where = contract_key(private.namespace, private.region)
    team.commit("ana", draft(where, "create", {"contract": contract}))
    team.commit("ana", draft(private, "append", {"text": "so"}, based_on=[f"{FINDINGS}@1"]))
    team.append("wri", "built", "report", based_on=[f"{FINDINGS}@1"])
    done = team["web"].retract(f"{FINDINGS}@1")
    assert suspects(done) == ["report@1 declared 1"]
    assert (done.total, done.hidden) == (2, 1)
    assert "diary" not in repr(done)


def test_watchers_see_it_and_conflicts_tell_it(team: Crew) -> None:
    team.append("web", "wrong")
    head = team["lead"].position().revision
    team["web"].retract(f"{FINDINGS}@1", replacement="right", reason="misread")
    watch = team["ana"].watch(team["ana"].task("q3").namespace, after=head)
    change = next(iter(watch)).changes[0]
    watch.close()
    assert (change.operation, change.reason, str(change.reference)) == (
        "retract",
        "misread",
        f"{FINDINGS}@2",
    )
    with pytest.raises(VersionConflict, match=r"web did retract in version 2 \(misread\)"):
        team.block("ana").replace("wrong", "less", expect=1)


# --- how readers see it -------------------------------------------------------------------------


def test_marks_of_versions(team: Crew) -> None:
    team.append("web", "a\nb")
    team.append("wri", "on a", "report", based_on=[f"{FINDINGS}@1#L1"])
    team.append("wri", "on b", "report", based_on=[f"{FINDINGS}@1#L2"])
    team["web"].retract(f"{FINDINGS}@1#L1")
    # Written afterwards, and yet on what had been retracted by then.
    team.append("wri", "on a, late", "report", based_on=[f"{FINDINGS}@1#L1"])
    team.append("wri", "on b, late", "report", based_on=[f"{FINDINGS}@1#L2"])
    team.append("wri", "on what is left", "report", based_on=[FINDINGS])
    assert team.marks("findings") == {1: ["retracted [0]"]}
    assert team.marks("report") == {1: ["suspect declared 1"], 3: ["suspect declared 1"]}
    assert team.marks("notes") == {}
    with team["lead"].as_actor("eve") as eve, pytest.raises(AccessDenied):
        _marks_as(eve)


def _marks_as(memory: Memory) -> None:
    session = memory._opened()
    session.read(statuses(session.reader, EntryKey(SPACE, "findings"), [1]))


def test_a_mark_does_not_name_what_its_reader_may_not_read(team: Crew) -> None:
    block = team["lead"].task("q3").create_block("inner")
    block.append("wrong")
    team.append("wri", "built", "report", based_on=[block.reference.pinned(1)])
    team["lead"].retract(block.reference.pinned(1))
    assert team._marks("report", "", "lead")[1][0].by is not None
    private = team["lead"].create_task("other")
    private.create_block("x").append("wrong")
    team.append("wri", "built", "report", based_on=["task/other:x@1"])
    team["lead"].retract("task/other:x@1")
    (mark,) = team._marks("report", "", "ana")[2]
    assert (mark.status, mark.by) == ("suspect", None)


def test_what_was_archived_says_so(team: Crew, tmp_path_factory: pytest.TempPathFactory) -> None:
    team.append("web", "wrong")
    team.block("lead").rewrite("new", expect=1)
    head = team["lead"].position().revision
    team["lead"].compact(head)
    team["lead"].archive(tmp_path_factory.mktemp("a") / "old.ndjson", through=head)
    with pytest.raises(Compacted, match="archived"):
        team["web"].retract(f"{FINDINGS}@1")
