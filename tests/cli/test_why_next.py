"""What `why` says to do next can be done, as it is printed."""

import shlex

from shell import Shell


def test_each_command_that_why_suggests_runs(team: Shell) -> None:
    said = team.lines("why", "Revenue rose.")
    suggested = [each.strip() for each in said[said.index("next:") + 1 :]]
    commands = [shlex.split(each)[1:] for each in suggested]
    assert {command[0] for command in commands} == {"show", "blame", "retract", "log"}
    for command in commands:
        assert team.lines(*command)
