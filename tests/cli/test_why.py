"""why, log -S and blame --origins, as people and programs use them."""

import pytest

from commonplace import Memory
from commonplace.cli import exits
from shell import Shell

FINDINGS = "task/q3:findings"


def test_the_first_screen_says_who_when_from_what_how_long_and_what_came_of_it(
    team: Shell, memory: Memory
) -> None:
    with memory.as_actor("docs") as docs, docs.turn() as turn:
        turn.read(FINDINGS)
        docs.task("q3").block("findings").append("So churn is fine.", turn=turn)
    lines = team.lines("why", "Churn fell 11% in Q3.")
    assert lines[0] == '"Churn fell 11% in Q3.": stood once; it still stands'
    assert lines[2] == f"{FINDINGS}@3#L1  stands"
    said = "\n".join(lines)
    for words in (
        "by web (declared)",
        '"typo"',
        '"Churn fell "  sup in @1',
        '"11%"  web in @3',
        "from @3 on",
        "to 1 turn: docs (1)",
        "by 1 inferred",
        "not known:",
        f"commonplace show '{FINDINGS}@3#L1'",
        "commonplace log -S 'Churn fell 11% in Q3.'",
    ):
        assert words in said, words
    assert len(lines) < 40


def test_what_no_state_has_is_said_and_no_error(team: Shell) -> None:
    lines = team.lines("why", "Nobody said so.")
    assert lines[0].endswith("no state that you may read ever contained it")
    assert "Only what sup may read was searched." in "\n".join(lines)


def test_as_json_an_object_for_each_occurrence_and_one_at_the_end(team: Shell) -> None:
    *found, end = team.objects("why", "12%")
    assert [(each["type"], each["status"], each["first"], each["end"]) for each in found] == [
        ("occurrence", "replaced", 1, 3)
    ]
    assert found[0]["introduced"]["actor"] == "sup"
    assert found[0]["ended"]["reference"] == f"{FINDINGS}@3"
    assert (end["type"], end["occurrences"], end["omitted"]) == ("why", 1, 0)
    assert end["unknown"]


def test_it_looks_where_it_is_told_to(team: Shell) -> None:
    assert len(team.objects("why", "once.", "--in", "task/q3:plan")) == 2
    assert len(team.objects("why", "once.", "--in", "task/q3:findings")) == 1
    assert len(team.objects("why", "once.", "--in", "/", actor="aud")) == 2
    assert len(team.objects("why", "once.", actor="docs")) == 1


def test_what_agents_wrote_is_shown_and_never_obeyed(memory: Memory, shell: Shell) -> None:
    block = memory.create_task("q3").create_block("findings")
    block.append("\x1b[31mred\u202e\nsecond\tline", reason="\x1b]0;title\x07")
    for words in (("why", "red"), ("blame", FINDINGS, "--origins"), ("log", "-S", "red")):
        shown = shell.run(*words).stdout
        assert "\\x1b" in shown
        assert not {"\x1b", "\u202e", "\x07"} & set(shown)
    asked = shell.run("why", "\x1b[31mred")
    assert "\x1b" not in asked.stdout


@pytest.mark.parametrize(
    ("words", "exit_code"),
    [
        (("why",), exits.USAGE),
        (("why", " "), exits.USAGE),
        (("why", "x", "--in", "task/q3:find ings"), exits.USAGE),
        (("why", "x", "--in", "task/q3:findings@3"), exits.USAGE),
        (("why", "x", "--depth", "9"), exits.USAGE),
        (("log", "-S", ""), exits.USAGE),
        (("log", "-S", "x", "--text", "y"), exits.USAGE),
    ],
)
def test_what_cannot_be_asked(team: Shell, words: tuple[str, ...], exit_code: int) -> None:
    result = team.run(*words)
    assert (result.exit_code, result.stdout) == (exit_code, "")


# --- log -S -------------------------------------------------------------------------------------


def _found(shell: Shell, *words: str, actor: str = "sup") -> list[str]:
    return [each["reference"] for each in shell.objects("log", "-S", *words, actor=actor)]


def test_log_s_gives_what_brought_it_in_and_what_took_it_out(team: Shell) -> None:
    assert _found(team, "12%") == [f"{FINDINGS}@3", f"{FINDINGS}@1"]
    assert _found(team, "12%", "--reverse") == [f"{FINDINGS}@1", f"{FINDINGS}@3"]
    assert _found(team, "12%", "--limit", "1") == [f"{FINDINGS}@3"]
    assert _found(team, "12%", "--actor", "sup") == [f"{FINDINGS}@1"]
    assert _found(team, "Churn") == [f"{FINDINGS}@1"]  # moved along, and neither more nor less
    assert _found(team, "churn") == []


def test_log_s_keeps_to_the_other_filters(team: Shell) -> None:
    records = team.objects("log", FINDINGS)
    first, third = records[-1], records[-3]
    assert _found(team, "12%", "--revisions", f"..{first['revision']}") == [first["reference"]]
    assert _found(team, "12%", "--since", third["at"]) == [third["reference"]]
    assert _found(team, "12%", "--until", first["at"]) == [first["reference"]]
    assert team.lines("log", "task/q3:plan", "-S", "12%") == []
    assert _found(team, "once.", actor="docs") == []


# --- blame --origins ----------------------------------------------------------------------------


def test_blame_with_origins_shows_the_older_lines_below_each(team: Shell) -> None:
    lines = team.lines("blame", f"{FINDINGS}#L1-2", "--origins")
    assert len(lines) == 3
    assert lines[1].startswith(f"    edited from  {FINDINGS}@2#L1")
    assert lines[1].endswith("| Churn fell 12% in Q3.")
    plain = team.objects("blame", f"{FINDINGS}#L1")
    assert plain[0]["origins"] is None
    (line,) = team.objects("blame", f"{FINDINGS}#L1", "--origins")
    assert [(each["relation"], each["actor"]) for each in line["origins"]] == [
        ("edited from", "sup")
    ]
