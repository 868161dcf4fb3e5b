"""retract, supersede and forget."""

import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.core.reserved import contract_key
from commonplace.model.contract import Contract, RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.storage.proposal import draft
from shell import Shell, references

FINDINGS = "task/q3:findings"
WHY = ("--reason", "page 17 misread")


@pytest.fixture
def told(team: Shell, memory: Memory) -> Shell:
    """The team, after docs was shown the findings and wrote, and web cited them."""
    memory.task("q3").create_block("notes", share={"docs": "contributor", "web": "editor"})
    with memory.as_actor("docs") as docs, docs.turn() as turn:
        turn.read(docs.task("q3").block("findings"))
        docs.task("q3").block("notes").append("So it fell.", turn=turn)
    with memory.as_actor("web") as web:
        source = f"{FINDINGS}@3#L1"
        web.task("q3").block("notes").append("It fell by 11%.", based_on=[source])
    return team


def test_it_shows_first_what_it_would_do_and_does_it_with_yes(told: Shell) -> None:
    words = ("retract", f"{FINDINGS}@3#L1", *WHY, "--replacement", "Churn rose.")
    seen = told.run(*words)
    assert seen.exit_code == exits.OK and "Nothing was written" in seen.stderr
    assert seen.stdout.splitlines() == [
        f"{FINDINGS}@3#L1 would be retracted",
        "what stands of it goes, and this comes in its place: | Churn rose.",
        "told: docs",
        "suspect  task/q3:notes@2  declared, directly",
        "suspect  task/q3:notes@1  inferred, directly",
    ] or seen.stdout.splitlines()[3:] == [
        "suspect  task/q3:notes@1  inferred, directly",
        "suspect  task/q3:notes@2  declared, directly",
    ]
    assert "Churn rose." not in "\n".join(told.lines("show", FINDINGS))
    done = told.lines(*words, "--yes")
    assert done[0].startswith(f"{FINDINGS}@3#L1 retracted in {FINDINGS}@6  r")
    assert told.lines("show", FINDINGS)[2] == "L1|Churn rose."
    assert told.lines(*words)[0] == f"{FINDINGS}@3#L1 was retracted before, in {FINDINGS}@6 by sup"
    for reference in references("\n".join(done)):
        assert told.run("show", reference).exit_code == exits.OK
    assert "page 17 misread" in told.lines("log", FINDINGS)[0]


def test_for_programs(told: Shell) -> None:
    words = ("retract", f"{FINDINGS}@3#L1", *WHY)
    seen, *suspects = told.objects(*words)
    assert (seen["dry_run"], seen["retraction"], seen["suspects"]) == (True, None, 2)
    assert {each["reference"]: each["edge"] for each in suspects} == {
        "task/q3:notes@1": "inferred",
        "task/q3:notes@2": "declared",
    }
    (sure,) = told.objects(*words, "--declared")[1:]
    assert sure["reference"] == "task/q3:notes@2"
    first = suspects[0]["reference"]
    assert told.objects(*words, "--after", first)[1:] == suspects[1:]
    assert told.objects("retract", "findings@3#L1", "--in", "task/q3", *WHY)[0] == seen
    done, *again = told.objects(*words, "--yes")
    assert (done["dry_run"], done["retraction"], again) == (False, f"{FINDINGS}@6", suspects)
    assert told.objects(*words, "--yes")[0]["unchanged"]


def test_supersede(told: Shell) -> None:
    words = ("supersede", f"{FINDINGS}@3#L1", "--reason", "Q4", "--replacement", "Now 9%.")
    assert told.lines(*words)[0] == f"{FINDINGS}@3#L1 would be superseded"
    assert told.lines(*words, "--yes")[0].startswith(f"{FINDINGS}@3#L1 superseded in ")
    assert told.lines("show", FINDINGS)[2] == "L1|Now 9%."
    assert told.run("supersede", FINDINGS, "--reason", "x").exit_code == exits.USAGE


def test_a_json_value_is_replaced_by_json(team: Shell, memory: Memory) -> None:
    key = EntryKey("task/q3", "facts", "arr")
    contract = Contract("json", RuleSpec("last_writer_wins")).to_plain()
    session = memory._opened()
    session.commit([draft(contract_key("task/q3", "facts"), "create", {"contract": contract})])
    session.commit([draft(key, "put", {"value": {"n": 1}})])
    words = ("retract", "task/q3:facts/arr", *WHY)
    assert team.run(*words, "--replacement", "{n: 2}").exit_code == exits.USAGE
    (done,) = team.objects(*words, "--replacement", '{"n": 2}', "--yes")
    assert done["replacement"] == {"n": 2}
    assert team.objects("show", "task/q3:facts/arr")[0]["value"] == {"n": 2}


def test_who_may_not_is_told_whom_to_ask(told: Shell) -> None:
    result = told.run("retract", f"{FINDINGS}@4", *WHY, actor="web")
    assert result.exit_code == exits.DENIED and "docs" in result.stderr
    assert told.run("retract", f"{FINDINGS}@99", *WHY).exit_code == exits.NOT_FOUND
    assert told.run("retract", f"{FINDINGS}@1").exit_code == exits.USAGE
    assert told.run("retract", f"{FINDINGS}@1", *WHY, "--depth", "0").exit_code == exits.USAGE


def test_what_no_longer_stands_is_said_to(told: Shell) -> None:
    lines = told.lines("retract", f"{FINDINGS}@1", *WHY, "--replacement", "x")
    assert lines[1] == (
        "none of it stands any more: the entry stays as it is; "
        "the replacement is in the record alone"
    )
    assert f"suspect  {FINDINGS}@3  declared, directly" in lines


def test_a_terminal_is_shown_nothing_that_it_would_obey(team: Shell, memory: Memory) -> None:
    memory.task("q3").block("findings").append("\x1b[31mred")
    words = ("retract", f"{FINDINGS}@6", "--reason", "\x1b[2J", "--replacement", "\x1b]0;x\x07")
    assert "\x1b" not in team.run(*words).output + team.run(*words, "--yes").output


def test_forget_what_turns_were_served(told: Shell) -> None:
    assert told.run("forget", "r20", actor="web").exit_code != exits.OK
    (line,) = told.lines("forget", "r5", "--reason", "kept for a year", "--yes")
    assert line == "forgotten before r5; 0 records emptied"
    assert told.run("forget", "r5").exit_code == exits.USAGE
    assert "who was shown it before" not in "\n".join(told.lines("retract", f"{FINDINGS}@4", *WHY))
