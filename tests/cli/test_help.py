"""A person at three in the morning has `--help` and nothing else."""

import inspect
import re
import shlex

import click
import pytest
from click.testing import CliRunner

from commonplace._lazy import lazy_import
from commonplace.cli import exits, main
from commonplace.cli.commands import COMMANDS, Listed

OURS = [listed for listed in COMMANDS.values() if listed.module.startswith("commonplace.cli.")]


def _load(listed: Listed) -> click.Command:
    command = getattr(lazy_import(listed.module), listed.attribute)
    assert isinstance(command, click.Command)
    return command


def test_the_help_lists_every_command_with_what_it_is_for() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    for listed in COMMANDS.values():
        assert re.search(rf"^  {listed.name} +{re.escape(listed.help)}$", shown, re.MULTILINE)


def test_the_help_names_every_exit_code() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert all(re.search(rf"\b{code} ", shown) for code in exits.MEANINGS)


@pytest.mark.parametrize("listed", COMMANDS.values(), ids=lambda listed: listed.name)
def test_every_command_is_where_the_table_says(listed: Listed) -> None:
    assert _load(listed).name == listed.name


@pytest.mark.parametrize("listed", OURS, ids=lambda listed: listed.name)
def test_a_command_says_what_the_table_says_and_gives_an_example(listed: Listed) -> None:
    command = _load(listed)
    assert command.short_help == listed.help
    assert f"\ncommonplace {listed.name}" in (command.help or "").replace("    ", "")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


@pytest.mark.parametrize("listed", OURS, ids=lambda listed: listed.name)
def test_every_example_of_the_help_parses(listed: Listed) -> None:
    command = _load(listed)
    start = f"commonplace {listed.name}"
    for line in inspect.cleandoc(command.help or "").splitlines():
        if line.startswith(start):
            typed = line.partition(" < ")[0].replace("7f6a4ffb68791847…", "7f6a4ffb68791847")
            command.make_context(listed.name, shlex.split(typed.removeprefix(start)))


def test_an_unknown_command_is_met_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(main, ["blmae"])
    assert result.exit_code == exits.USAGE
    assert "Did you mean blame?" in result.stderr
    assert "See commonplace --help" in CliRunner().invoke(main, ["xyzzy"]).stderr


def test_without_a_command_it_shows_its_help() -> None:
    for words in ([], ["--json"], ["--memory", "x.db"]):
        result = CliRunner().invoke(main, words)
        assert (result.exit_code, result.stderr) == (exits.OK, "")
        assert result.stdout == CliRunner().invoke(main, ["--help"]).stdout


def test_the_help_is_plain_text() -> None:
    for words in ([], *([name, "--help"] for name in COMMANDS)):
        shown = CliRunner().invoke(main, words).stdout
        assert shown.replace("\n", "").isprintable(), words


def test_the_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout.startswith("commonplace 0.")
