"""inbox, publish, dispatch, redispatch, reply, commit, demote: a channel on a shell."""

import json
from pathlib import Path
from typing import Any

import pytest

from commonplace import Memory
from commonplace.cli import exits
from commonplace.cli.meanings import OBJECTS
from shell import Shell

PLAN = "task/q3:plan"


@pytest.fixture
def crew(memory: Memory, shell: Shell) -> Shell:
    """A shell of `lead`, who writes a channel that `docs` and `web` read."""
    memory.create_task("q3", share={"lead": "editor", "docs": "reader", "web": "reader"})
    assert shell.lines("create", PLAN, "--channel", actor="lead") == [PLAN]
    shell.lines("publish", PLAN, '{"steps": ["crawl", "read"]}', actor="lead")
    return shell


def sent(crew: Shell, payload: str = '{"step": "read"}') -> dict[str, Any]:
    """A dispatch to `docs`."""
    return crew.objects("dispatch", PLAN, "docs", payload, actor="lead")[0]


def test_work_goes_out_and_comes_back(crew: Shell) -> None:
    name = sent(crew)["id"]
    head, payload, built = crew.lines("inbox", PLAN, actor="docs")
    assert head.startswith(f"{name}  to docs  r")
    assert payload == '  {"step": "read"}'
    assert built.startswith(f"  built on {PLAN}@1, pin r")
    answered = crew.lines("reply", PLAN, name, '{"steps": ["write"]}', actor="docs")
    assert answered == [f"task/q3:_dispatches/plan%2F{name}@2  r6"]
    assert '  reply: {"steps": ["write"]}' in crew.lines("inbox", "task/q3", actor="lead")
    assert crew.lines("commit", PLAN, name, actor="lead") == [f"{PLAN}@2  r7"]
    assert crew.objects("show", PLAN, actor="docs")[0]["value"] == {"steps": ["write"]}
    result = crew.run("inbox", PLAN, actor="lead")
    assert (result.stdout, result.stderr) == ("", f"Nothing waits for lead in {PLAN}.\n")


def test_a_stale_reply_is_marked_and_sent_again_with_what_changed(crew: Shell) -> None:
    name = sent(crew)["id"]
    crew.lines("reply", PLAN, name, "done", actor="docs")
    crew.lines("publish", PLAN, '{"steps": ["rest"]}', actor="lead")
    assert "STALE: @2 stands" in crew.lines("inbox", PLAN, actor="lead")[-1]
    again = crew.lines("redispatch", PLAN, name, actor="lead")
    assert f"  in the place of {name}; published since @1:" in again
    assert '    +    "rest"' in again
    late = crew.run("reply", PLAN, name, "late", actor="docs")
    assert late.exit_code == exits.CONFLICT
    assert again[0].split()[0] in late.stderr


def test_objects_have_the_fields_that_the_reference_lists(crew: Shell) -> None:
    for _ in range(3):
        sent(crew)
    *dispatches, inbox = crew.objects("inbox", PLAN, "--limit", "2", actor="docs")
    assert [each["payload"] for each in dispatches] == [{"step": "read"}] * 2
    assert (inbox["reference"], inbox["shown"], inbox["waiting"]) == (PLAN, 2, 1)
    for each in (*dispatches, inbox):
        assert tuple(each) == ("type", *OBJECTS[each["type"]].fields)
    more = crew.lines("inbox", PLAN, "--limit", "2", actor="docs")[-1]
    assert more == f"{PLAN}: 1 more, behind these; see --limit."


def test_what_does_not_fit_is_an_error_that_says_what_would(crew: Shell) -> None:
    sent(crew)
    result = crew.run("inbox", PLAN, "--budget-tokens", "1", "--json", actor="docs")
    needed = json.loads(result.stderr)["facts"]["needed_tokens"]
    assert result.exit_code == exits.USAGE
    assert len(crew.objects("inbox", PLAN, "--budget-tokens", str(needed), actor="docs")) == 2


@pytest.mark.parametrize(
    ("payload", "stored"),
    [
        ('{"a": 1}', {"a": 1}), ("[1]", [1]), ("read page 17", "read page 17"), ("42", "42"),
        ("- an item", "- an item"), ("", ""),
    ],
)  # fmt: skip
def test_a_payload_is_json_where_it_looks_like_it(crew: Shell, payload: str, stored: Any) -> None:
    assert sent(crew, payload)["payload"] == stored


def test_a_payload_may_come_from_standard_input(crew: Shell, tmp_path: Path) -> None:
    result = crew.run("dispatch", PLAN, "docs", "-", "--json", actor="lead", stdin='["a"]')
    assert json.loads(result.stdout)["payload"] == ["a"]


def test_a_channel_of_text_takes_text(memory: Memory, crew: Shell) -> None:
    with memory.as_actor("lead") as lead:
        lead.task("q3").create_channel("brief", holds="text")
    crew.lines("publish", "task/q3:brief", "[draft]", actor="lead")
    assert crew.lines("show", "task/q3:brief", "--raw", actor="docs") == ["[draft]"]


def test_a_reply_is_settled_without_publishing_it(crew: Shell) -> None:
    name = sent(crew)["id"]
    crew.lines("reply", PLAN, name, "done", actor="docs")
    both = crew.run("commit", PLAN, name, "--keep", "--value", "x", actor="lead")
    assert both.exit_code == exits.USAGE
    assert crew.lines("commit", PLAN, name, "--keep", actor="lead")[0].startswith(f"{PLAN}@1  r")
    name = sent(crew)["id"]
    crew.lines("reply", PLAN, name, "done", actor="docs")
    crew.lines("commit", PLAN, name, "--value", '{"steps": []}', actor="lead")
    assert crew.objects("show", PLAN, actor="docs")[0]["value"] == {"steps": []}


def test_only_the_writer_publishes_and_only_the_addressee_replies(crew: Shell) -> None:
    name = sent(crew)["id"]
    for words in (("publish", PLAN, "x"), ("dispatch", PLAN, "web", "x"), ("commit", PLAN, name)):
        assert crew.run(*words, actor="docs").exit_code == exits.DENIED
    assert crew.run("reply", PLAN, name, "x", actor="web").exit_code == exits.DENIED
    shared = crew.run("share", PLAN, "docs=editor", actor="lead")
    assert shared.exit_code == exits.CONFLICT
    assert "change_contract" in shared.stderr


def test_repeating_with_a_key_writes_once(crew: Shell) -> None:
    words = ("dispatch", PLAN, "docs", "read", "--key", "k")
    first, second = (crew.objects(*words, actor="lead")[0] for _ in range(2))
    assert first == second
    assert len(crew.objects("inbox", PLAN, actor="docs")) == 2


def test_demote_leaves_one_writer(team: Shell) -> None:
    assert team.lines("demote", "task/q3:findings", "web", "--reason", "97% is hers")
    assert team.run("append", "task/q3:findings", "x", actor="docs").exit_code == exits.DENIED
    assert team.lines("append", "task/q3:findings", "x", actor="web")
    described = team.lines("describe", "task/q3:findings")
    assert any("channel (one text)" in line for line in described)
    unknown = team.run("demote", "task/q3:plan", "nobody")
    assert unknown.exit_code == exits.NOT_FOUND


@pytest.mark.parametrize(
    "words",
    [
        ("inbox", "task/"), ("publish", f"{PLAN}@1", "x"), ("reply", f"{PLAN}/key", "i", "x"),
        ("dispatch", PLAN, "docs", "{not json"), ("create", "task/q4", "--channel"),
        ("inbox", PLAN, "--limit", "0"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_a_usage_error(crew: Shell, words: tuple[str, ...]) -> None:
    assert crew.run(*words, actor="lead").exit_code == exits.USAGE


def test_nothing_that_was_sent_reaches_the_terminal_raw(crew: Shell) -> None:
    name = sent(crew, "red \x1b[31m\nline")["id"]
    crew.lines("reply", PLAN, name, "\x1b]0;title\x07", actor="docs")
    for actor in ("lead", "docs"):
        assert "\x1b" not in crew.run("inbox", PLAN, actor=actor).stdout
