"""Who may not read is told whom to ask."""

from commonplace import Memory
from shell import Shell


def test_a_denied_stranger_learns_who_owns_the_tenant(team: Shell, memory: Memory) -> None:
    result = team.run("show", "task/q3:findings", actor="stranger")
    assert result.exit_code == 5
    assert "The tenant's owner is sup. To act as another: --as NAME" in result.stderr
    memory.share({"aud": "owner"})
    result = team.run("timeline", actor="stranger")
    assert result.exit_code == 0 and result.stdout == ""
    assert "The tenant's owners are aud, sup." in result.stderr


def test_a_program_gets_the_error_alone(team: Shell) -> None:
    result = team.run("show", "task/q3:findings", "--json", actor="stranger")
    assert result.stderr.count("\n") == 1


def test_whoever_reads_is_not_bothered(team: Shell) -> None:
    assert team.run("log").stderr == ""


def test_owners_of_regions_and_prefixes_own_no_tenant(team: Shell, memory: Memory) -> None:
    task = memory.task("q3")
    task.share({"web": "owner"}, region="findings")
    assert memory.owners() == ["sup"]
    with memory.as_actor("web") as web:
        assert web.owners() == ["sup"]
