"""--json: NDJSON under names that are documented and stay."""

import json
from pathlib import Path
from typing import Any

import pytest

import cli_reference
from commonplace import Memory
from commonplace.cli.meanings import FIELDS, OBJECTS
from shell import Shell

SAMPLES = {
    "record": ("log",),
    "entry": ("show", "task/q3:findings@3#L1-2"),
    "commit": ("show", "r3"),
    "diff": ("diff", "task/q3:findings@2", "@3"),
    "event": ("timeline", "task/q3"),
    "blame": ("blame", "task/q3:findings"),
    "occurrence": ("why", "Churn fell"),
    "why": ("why", "Churn fell"),
    "change": ("watch", "task/q3", "--after", "0", "--timeout", "0"),
    "progress": ("watch", "task/q3", "--progress", "0.01", "--timeout", "0.5"),
    "region": ("describe", "task/q3"),
    "namespace": ("namespaces",),
    "block": ("create", "task/q3:more"),
    "channel": ("create", "task/q3:road", "--channel"),
    "receipt": ("append", "task/q3:findings", "x"),
    "position": ("position",),
    "audit": ("audit",),
    "finding": ("audit", "--expect", "r1:00"),
    "uncited": ("verify", "task/q3:findings"),
    "verification": ("verify", "task/q3:findings"),
    "bisection": ("bisect", "task/q3:findings", "--good", "@1", "--grep", "rose"),
    "survey": ("advise",),
    "compaction": ("compact", "r3", "--yes"),
    "forgetting": ("forget", "r3", "--yes"),
    "retraction": ("retract", "task/q3:findings@1", "--reason", "wrong"),
    "suspect": ("retract", "task/q3:findings@1", "--reason", "wrong"),
    "erasure": ("erase", "task/q3:findings@1", "--reason", "asked", "--yes"),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_an_object_has_the_fields_that_the_reference_lists(team: Shell, kind: str) -> None:
    result = team.run(*SAMPLES[kind], "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    those = [each for each in found if each["type"] == kind]
    assert those, result.stderr
    for each in those:
        assert tuple(each) == ("type", *OBJECTS[kind].fields)


def test_every_type_has_a_sample() -> None:
    elsewhere = {"error", "archival", "dispatch", "inbox"}  # the latter two: test_inbox.py
    elsewhere |= {"citation", "advice"}  # test_verify.py, test_advise.py
    elsewhere |= {"copying", "copied", "schema"}  # test_copy.py, test_migrate.py
    assert set(SAMPLES) | elsewhere == set(OBJECTS)


def test_every_field_is_explained_and_no_other() -> None:
    used = {field for each in OBJECTS.values() for field in each.fields}
    assert used == set(FIELDS)
    assert list(FIELDS) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("show", "task/q3:findings@99"), "not_found", 4),
        (("show", "task/q3:find ings"), "invalid_reference", 2),
        (("show", "task/q3:findings", "--as", "nobody"), "access_denied", 5),
        (("show", "r99"), "future_revision", 4),
        (("nonsense",), "usage", 2),
        (("log", "--limit", "many"), "usage", 2),
        (("log", "--memory", __file__), "not_a_memory", 6),
    ],
)
def test_an_error_is_an_object_too(
    team: Shell, words: tuple[str, ...], code: str, exit_code: int
) -> None:
    result = team.run(*words, "--json")
    assert (result.stdout, result.exit_code) == ("", exit_code)
    error: dict[str, Any] = json.loads(result.stderr)
    assert tuple(error) == ("type", *OBJECTS["error"].fields)
    assert (error["type"], error["code"], error["exit"]) == ("error", code, exit_code)


def test_a_defect_is_reported_and_not_thrown(team: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Memory, "log", broken)
    result = team.run("log")
    assert result.exit_code == 70
    assert "RuntimeError: a bug" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("COMMONPLACE_TRACEBACK", "1")
    assert "Traceback" in team.run("log").stderr


def test_the_reference_page_is_current() -> None:
    due = cli_reference.page()
    assert Path(cli_reference.PAGE).read_text("utf-8") == due, "run tools/cli_reference.py"
