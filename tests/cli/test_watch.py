"""watch: commits that are there already, so that no test waits."""

from commonplace.cli import exits
from shell import Shell


def _watched(team: Shell, *words: str, actor: str = "sup") -> list[tuple[str, str]]:
    changes = team.objects("watch", *words, "--timeout", "0", actor=actor)
    return [(change["reference"], change["operation"]) for change in changes]


def test_watch_delivers_in_order_from_a_revision(team: Shell) -> None:
    everything = _watched(team, "task/q3", "--after", "0")
    assert everything[0] == ("task/q3:findings@1", "append")
    assert everything[-2:] == [("task/q3:findings@5", "append"), ("task/q3:plan@2", "append")]
    assert _watched(team, "task/q3") == []


def test_watch_filters(team: Shell) -> None:
    start = ("--after", "r0")
    assert _watched(team, "task/q3:plan", *start) == _watched(
        team, "task/q3", "--region", "plan", *start
    )
    assert _watched(team, "task/q3", "--operation", "replace", *start) == [
        ("task/q3:findings@3", "replace")
    ]
    assert len(_watched(team, "task/", "--actor", "web", *start, actor="aud")) == 2


def test_watch_counts_what_access_hides(team: Shell) -> None:
    *_, last = team.objects("watch", "task/q3", "--after", "0", "--timeout", "0", actor="docs")
    assert (last["reference"], last["hidden"]) == ("task/q3:findings@5", 1)


def test_watch_ends_after_so_many_commits_and_a_cursor_goes_on(team: Shell) -> None:
    start = ("task/q3", "--after", "0", "--cursor", "mine", "--timeout", "0")
    first = team.objects("watch", *start, "--limit", "2")
    assert [change["new_version"] for change in first] == [1, 2]
    rest = team.objects("watch", *start)
    assert {change["revision"] for change in rest} & {first[0]["revision"]} == set()


def test_watch_of_a_group_shares_the_commits_out(team: Shell) -> None:
    start = ("task/q3", "--after", "0", "--group", "readers", "--timeout", "0")
    first = team.objects("watch", *start, "--limit", "2")
    second = team.objects("watch", *start)
    seen = [change["reference"] for change in first + second]
    assert len(seen) == len(set(seen)) == 7


def test_watch_marks_progress_and_says_so_on_one_line(team: Shell) -> None:
    marks = team.run("watch", "task/q3", "--progress", "0", "--limit", "1", "--timeout", "0")
    assert marks.exit_code == exits.OK


def test_watch_a_place_that_is_not_yours_is_denied(team: Shell) -> None:
    assert team.run("watch", "task/q3", actor="nobody").exit_code == exits.DENIED
    assert team.run("watch", "task/", actor="docs").exit_code == exits.DENIED
