"""log, show, diff, blame, describe and namespaces, as people use them."""

from datetime import UTC, datetime, timedelta

import pytest

from commonplace import InvalidReference, Memory, Reference
from commonplace.cli import exits
from commonplace.cli.arguments import parse_reference, parse_when
from commonplace.limits import MAX_GROUP_WRITES
from shell import Shell

FINDINGS = "task/q3:findings"


def _versions(shell: Shell, *words: str, actor: str = "sup") -> list[int]:
    return [record["version"] for record in shell.objects("log", *words, actor=actor)]


# --- log ----------------------------------------------------------------------------------------


def test_log_is_newest_first_and_one_line_each(team: Shell) -> None:
    lines = team.lines("log")
    assert len(lines) == 7
    what = 'sup  append  task/q3:findings@1  observation  "page 17"  | Churn fell 12% in Q3.'
    assert lines[-1].endswith(what)
    assert team.lines("log", "--reverse") == lines[::-1]


def test_log_filters_by_actor_region_key_text_and_place(team: Shell) -> None:
    assert _versions(team, "--actor", "web") == [3, 2]
    assert _versions(team, "task/q3", "--region", "plan") == [2, 1]
    assert _versions(team, "task/q3:plan") == [2, 1]
    assert _versions(team, "--text", "rose") == [2]
    assert _versions(team, "--text", "page 17") == [1, 1]
    assert _versions(team, "--key", "absent") == []
    assert _versions(team, "task/", actor="aud") == _versions(team)
    assert _versions(team, "/", actor="aud") == _versions(team)


def test_log_of_a_reference_stops_where_it_stands(team: Shell) -> None:
    assert _versions(team, f"{FINDINGS}@3") == [3, 2, 1]
    assert _versions(team, f"{FINDINGS}@-1#L1") == [4, 3, 2, 1]


def test_log_by_revisions_includes_both_ends(team: Shell) -> None:
    def found(*words: str) -> list[int]:
        return [record["revision"] for record in team.objects("log", *words)]

    revisions = found()
    low, high = revisions[4], revisions[2]
    assert found("--revisions", f"r{low}..r{high}") == revisions[2:5]
    assert found("--revisions", f"{high}..") == revisions[:3]
    assert found("--revisions", f"..{low}") == revisions[4:]
    assert found("--revisions", f"r{low}") == [low]


def test_log_by_the_times_it_prints_includes_both_ends(team: Shell) -> None:
    records = team.objects("log")
    first, last = records[5]["at"], records[3]["at"]
    found = team.objects("log", "--since", first, "--until", last)
    assert [r["reference"] for r in found] == [r["reference"] for r in records[3:6]]


def test_log_says_that_there_is_more_and_limit_0_shows_it(team: Shell) -> None:
    some = team.run("log", "--limit", "2")
    assert len(some.stdout.splitlines()) == 2
    assert "--limit 0" in some.stderr
    assert len(team.lines("log", "--limit", "0")) == 7


def test_log_pages_through_more_than_one_page_and_cuts_no_commit(
    memory: Memory, shell: Shell
) -> None:
    block = memory.create_task("q3").create_block("findings")
    for _ in range(18):
        with memory.atomic():
            for number in range(MAX_GROUP_WRITES):
                block.append(str(number))
    newest = 18 * MAX_GROUP_WRITES
    assert _versions(shell, "--limit", "0") == list(range(newest, 0, -1))
    for limit in (1, MAX_GROUP_WRITES, MAX_GROUP_WRITES + 1, 700):
        assert _versions(shell, "--limit", str(limit)) == list(range(newest, newest - limit, -1))


def test_log_shows_each_reader_what_he_may_read(team: Shell) -> None:
    assert {r["region"] for r in team.objects("log", actor="docs")} == {"findings"}
    nobody = team.run("log", actor="nobody")
    assert (nobody.exit_code, nobody.stdout) == (exits.OK, "")
    assert "Nothing that nobody may read" in nobody.stderr
    assert team.run("log", "task/", actor="docs").exit_code == exits.DENIED


def test_log_of_grants_says_who_got_access(team: Shell) -> None:
    lines = team.lines("log", "--region", "_grants")
    assert any("task/q3:_grants/web@1" in line and "tier=editor" in line for line in lines)


# --- show ---------------------------------------------------------------------------------------


def test_show_an_entry_wherever_the_reference_points(team: Shell) -> None:
    (record,) = (r for r in team.objects("log", FINDINGS) if r["version"] == 3)
    same = [
        team.objects("show", f"{FINDINGS}@{at}")
        for at in ("3", "-2", f"r{record['revision']}", record["at"])
    ]
    assert same == [same[0]] * 4
    assert same[0][0]["text"] == "Churn fell 11% in Q3.\nRevenue rose.\nCosts rose."
    assert same[0][0]["updated_by"] == "web"


def test_show_some_lines(team: Shell) -> None:
    (entry,) = team.objects("show", f"{FINDINGS}@3#L2-3")
    assert entry["reference"] == f"{FINDINGS}@3#L2-3"
    assert [line["number"] for line in entry["lines"]] == [2, 3]
    assert team.lines("show", f"{FINDINGS}@3#L2")[-1] == "L2|Revenue rose."
    assert team.run("show", f"{FINDINGS}@3#L9").exit_code == exits.NOT_FOUND


def test_show_takes_a_citation_as_it_stands_in_a_report(team: Shell) -> None:
    cited = team.lines("show", "[findings@3#L1]", "--in", "task/q3")
    assert cited[-1] == "L1|Churn fell 11% in Q3."
    lost = team.run("show", "findings@3")
    assert lost.exit_code == exits.USAGE
    assert "--in task/q3" in lost.stderr


def test_show_raw_gives_the_text_alone(team: Shell) -> None:
    assert team.run("show", "task/q3:plan", "--raw").stdout == "Read page 17.\nonce.\n"
    assert team.run("show", "task/q3:plan@0", "--raw").stdout == ""


def test_show_before_the_first_write_and_after_deletion(memory: Memory, shell: Shell) -> None:
    block = memory.create_task("q3").create_block("findings")
    assert shell.lines("show", FINDINGS) == [f"{FINDINGS}@0", "nothing was written yet"]
    block.append("gone soon")
    block.delete(expect=1)
    assert "deleted" in shell.lines("show", FINDINGS)[2]
    assert shell.lines("show", f"{FINDINGS}@-1")[-1] == "L1|gone soon"


def test_show_a_commit_with_all_that_it_changed(team: Shell) -> None:
    revision = team.objects("log", "--limit", "1")[0]["revision"]
    commit, *records = team.objects("show", f"r{revision}")
    assert (commit["type"], commit["records"], commit["hidden"]) == ("commit", 2, 0)
    assert [r["reference"] for r in records] == ["task/q3:findings@5", "task/q3:plan@2"]
    (seen, _) = team.objects("show", f"r{revision}", actor="docs")
    assert seen["hidden"] == 1
    lines = team.lines("show", f"r{revision}", actor="docs")
    assert lines[2] == "1 change, 1 more that you may not read"


def test_show_a_commit_that_is_not_there_or_not_yours(team: Shell) -> None:
    assert team.run("show", "r9999").exit_code == exits.NOT_FOUND
    assert team.run("show", "r0").exit_code == exits.NOT_FOUND
    assert team.run("show", "r1", actor="docs").exit_code == exits.DENIED


def test_show_a_commit_says_what_it_was_based_on(team: Shell) -> None:
    revision = team.objects("log", "--text", "Revenue")[0]["revision"]
    assert "  based on task/q3:findings@1" in team.lines("show", f"r{revision}")


# --- diff ---------------------------------------------------------------------------------------


def test_diff_is_unified_and_takes_the_short_form(team: Shell) -> None:
    lines = team.lines("diff", f"{FINDINGS}@2", "@3")
    assert lines == [
        "--- task/q3:findings@2",
        "+++ task/q3:findings@3",
        "@@ -1,3 +1,3 @@",
        "-Churn fell 12% in Q3.",
        "+Churn fell 11% in Q3.",
        " Revenue rose.",
        " Costs rose.",
    ]
    assert team.lines("diff", f"{FINDINGS}@2", f"{FINDINGS}@3") == lines
    assert team.lines("diff", f"{FINDINGS}@3") == lines


def test_diff_of_the_first_version_adds_all_of_it(team: Shell) -> None:
    assert team.lines("diff", f"{FINDINGS}@1")[2:] == ["@@ -0,0 +1,1 @@", "+Churn fell 12% in Q3."]


def test_diff_without_a_change_is_empty_and_says_so(team: Shell) -> None:
    same = team.run("diff", f"{FINDINGS}@2", "@2")
    assert (same.exit_code, same.stdout) == (exits.OK, "")
    assert "are the same" in same.stderr


def test_diff_keeps_distant_changes_in_hunks_of_their_own(memory: Memory, shell: Shell) -> None:
    block = memory.create_task("q3").create_block("findings")
    block.append("\n".join(str(number) for number in range(1, 41)))
    block.update(lambda text: text.replace("\n5\n", "\nfive\n").replace("\n35\n", "\n"))
    (found,) = shell.objects("diff", FINDINGS)
    starts = [(hunk["old_start"], hunk["new_start"]) for hunk in found["hunks"]]
    counts = [(hunk["old_count"], hunk["new_count"]) for hunk in found["hunks"]]
    assert (starts, counts) == ([(2, 2), (32, 32)], [(7, 7), (7, 6)])
    removed = [line for line in found["hunks"][1]["lines"] if line["sign"] == "-"]
    assert [(line["text"], line["reference"]) for line in removed] == [("35", f"{FINDINGS}@1#L35")]


# --- blame --------------------------------------------------------------------------------------


def test_blame_names_writer_version_and_reason_of_each_line(team: Shell) -> None:
    found = team.objects("blame", FINDINGS)
    assert [(b["text"], b["actor"], b["version"]) for b in found] == [
        ("Churn fell 11% in Q3.", "web", 3),
        ("Revenue rose.", "web", 2),
        ("Costs rose.", "web", 2),
        ("The API changed.", "docs", 4),
        ("Two at", "sup", 5),
    ]
    assert found[0]["reason"] == "typo"


def test_blame_of_some_lines_of_an_older_version(team: Shell) -> None:
    (line,) = team.lines("blame", f"{FINDINGS}@2#L1")
    assert line.startswith(f"{FINDINGS}@2#L1  r")
    assert line.endswith('sup  append  "page 17"  | Churn fell 12% in Q3.')


# --- describe and namespaces --------------------------------------------------------------------


def test_describe_a_region_and_a_namespace(team: Shell) -> None:
    text = "\n".join(team.lines("describe", FINDINGS))
    assert "text_block" in text
    assert "docs: contributor over task/q3:findings" in text
    assert "aud: reader over /" in text
    regions = team.objects("describe", "task/q3")
    assert [region["reference"] for region in regions] == [FINDINGS, "task/q3:plan"]
    assert team.lines("describe", "task/q3")[0] == f"{FINDINGS}  text_block  you: owner"
    assert team.lines("describe", FINDINGS, "--markdown")[0] == f"### `{FINDINGS}`"


def test_describe_tells_only_owners_who_else_reads(team: Shell) -> None:
    (seen,) = team.objects("describe", FINDINGS, actor="docs")
    assert (seen["tier"], seen["shared_with"]) == ("contributor", [])


def test_namespaces(team: Shell) -> None:
    assert team.lines("namespaces") == ["task/q3", "tenant"]
    assert team.lines("namespaces", "task/") == ["task/q3"]
    assert team.lines("namespaces", "task") == ["task/q3"]
    assert "None that nobody may read" in team.run("namespaces", actor="nobody").stderr


# --- what people type ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("3d", 259_200), ("1w", 604_800)]
)
def test_a_time_may_be_so_long_ago(text: str, seconds: int) -> None:
    now = datetime(2026, 11, 20, 3, tzinfo=UTC)
    assert parse_when(text, now) == now - timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-20", "2026-11-20T03:00", "2x", "-2h"])
def test_a_time_without_a_zone_is_refused(text: str, team: Shell) -> None:
    with pytest.raises(InvalidReference):
        parse_when(text, datetime.now(UTC))
    assert team.run("log", "--since", text).exit_code == exits.USAGE


def test_a_reference_without_a_namespace_takes_the_one_given() -> None:
    assert parse_reference("findings@3", "task/q3") == Reference.parse("task/q3:findings@3")
    assert parse_reference("[task/q3:a]", "task/q4") == Reference.parse("task/q3:a")


@pytest.mark.parametrize(
    "words",
    [
        ("log", "task"),
        ("log", "task/q3/deeper"),
        ("log", "//"),
        ("log", "--revisions", "x..y"),
        ("log", "--limit", "-1"),
        ("log", "--limit", "9" * 30),
        ("log", "--text", "\udcff"),
        ("log", "--text", ""),
        ("log", "--actor", "\udcff"),
        ("log", "--region", ".."),
        ("log", "--since", "999999w"),
        ("watch", "task/q3", "--timeout", "nan"),
        ("watch", "task/q3", "--after", "9" * 30),
        ("show", ""),
        ("show", "task/q3:"),
        ("show", "task/q3:find ings"),
        ("show", "task/q3:findings@"),
        ("diff", "task/q3:findings", "@"),
        ("diff", "task/q3:findings@1#L1", "@x"),
        ("describe", "task/"),
        ("watch", "task"),
        ("compact", "now"),
        ("audit", "--expect", "12"),
        ("share", "task/q3", "web"),
    ],
)
def test_what_is_malformed_is_a_usage_error(team: Shell, words: tuple[str, ...]) -> None:
    result = team.run(*words)
    assert result.exit_code == exits.USAGE, result.stderr
    assert result.stderr.startswith("commonplace: ")
    assert result.stdout == ""
