"""Group: the command `commonplace` itself, and the boundary that no traceback crosses."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import click

from commonplace import __version__
from commonplace._lazy import lazy_import
from commonplace.cli import exits
from commonplace.cli.commands import COMMANDS, SECTIONS
from commonplace.cli.escape import escape
from commonplace.cli.options import Settings, memory_options
from commonplace.cli.output import to_json
from commonplace.errors import CommonplaceError

TRACEBACK: Final = "COMMONPLACE_TRACEBACK"

_EPILOG: Final = """\b
Where to begin, when something is wrong:
  export COMMONPLACE_MEMORY=team.db
  commonplace why 'the false sentence'     who wrote it, from what, who read it
  commonplace retract REF --reason WHY     what was built on it; --yes takes it back
  commonplace verify brief.md --task task/q3
                                           which of its citations do not hold
  commonplace timeline task/q3 --since 2h  who wrote and read what, a lane each
  commonplace blame task/q3:findings       who wrote each line

\b
Every reference that is printed pastes into every command:
  task/q3:findings@12#L3   [namespace:]region[/key][@version][#lines]
  @-1 the version before · @r4812 at a revision · @2026-11-20T03:00Z at a time

\b
Exit codes: 0 done · 1 findings · 2 usage · 3 conflict · 4 not found · 5 denied
  6 unavailable, retry · 70 a defect · 130 interrupted · 141 output closed
"""


class Commands(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        listed = COMMANDS.get(cmd_name)
        if listed is None:
            return None
        command: click.Command = getattr(lazy_import(listed.module), listed.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command to run; an unknown name is an error that does not import them all."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = lazy_import("difflib").get_close_matches(args[0], COMMANDS)
            hint = f" Did you mean {' or '.join(near)}?" if near else " See commonplace --help."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing one."""
        width = max(map(len, COMMANDS))
        for title, listed in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(each.name.ljust(width), each.help) for each in listed])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and hand all it printed to the reader or learn that he left."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget_stdout()
            raise click.exceptions.Exit(exits.BROKEN_PIPE) from None
        return result

    def main(  # type: ignore[override]  # it ends the process whatever standalone_mode says
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run a command line and exit with its code; every error becomes one message."""
        arguments = list(sys.argv[1:] if args is None else args)
        extra["standalone_mode"] = False
        report = _Report(as_json="--json" in arguments)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            result = super().main(arguments, prog_name, **extra)
            code = result if isinstance(result, int) else exits.OK
        except click.ClickException as error:
            code = report.usage(error)
        except click.Abort:
            code = report.failure("interrupted", "Stopped.", exits.INTERRUPTED)
        except CommonplaceError as error:
            code = report.refusal(error)
        except OSError as error:
            code = report.failure("system", str(error), exits.UNAVAILABLE)
        except Exception as error:  # boundary: the last one; a defect is reported, not thrown
            code = report.defect(error)
        sys.exit(code)


class _Report:
    """Says on standard error what went wrong, and gives the exit code."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def usage(self, error: click.ClickException) -> int:
        context = getattr(error, "ctx", None)
        hint = context.get_usage() if context is not None else ""
        return self.failure("usage", error.format_message(), exits.USAGE, hint=hint)

    def refusal(self, error: CommonplaceError) -> int:
        return self.failure(
            error.code,
            str(error),
            exits.exit_of(error),
            facts=error.facts,
        )

    def defect(self, error: Exception) -> int:
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        message = (
            f"A defect of this program: {type(error).__name__}: {error}. "
            f"Please report it with what {TRACEBACK}=1 prints."
        )
        return self.failure("internal", message, exits.INTERNAL)

    def failure(
        self,
        code: str,
        message: str,
        exit_code: int,
        *,
        facts: Mapping[str, Any] | None = None,
        hint: str = "",
    ) -> int:
        if self.as_json:
            fields = {"type": "error", "code": code, "message": message, "exit": exit_code}
            line = to_json({**fields, "facts": dict(facts or {})})
        else:
            first, newline, rest = escape(message, keep="\n").partition("\n")
            line = f"commonplace: {first} [{code}]{newline}{rest}" + (f"\n{hint}" if hint else "")
        sys.stderr.write(line + "\n")
        return exit_code


def _forget_stdout() -> None:
    """Let what is still buffered go nowhere, so that the interpreter can end in peace."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@click.group(
    cls=Commands,
    epilog=_EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="commonplace", message="%(prog)s %(version)s")
@memory_options
@click.pass_context
def main(context: click.Context, /, **given: Any) -> None:
    """Shared memory for teams of LLM agents: ask who wrote what, when and why.

    \b
    commonplace log --memory team.db         what happened, newest first
    commonplace COMMAND --help               what a command takes, with an example
    """
    context.obj = Settings.of(given)
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
