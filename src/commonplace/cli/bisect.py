"""The command `bisect`."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from typing import Final

import click

from commonplace import (
    Bisection,
    Entry,
    InvalidNamespace,
    Memory,
    Namespace,
    Reference,
    Snapshot,
)
from commonplace.cli.arguments import inside_option, parse_reference
from commonplace.cli.checking_fields import bisection_fields
from commonplace.cli.escape import escape
from commonplace.cli.fields import record_fields
from commonplace.cli.log import log_line
from commonplace.cli.options import ACTOR, MEMORY, NAMES, TENANT, Settings, on_memory
from commonplace.cli.output import Output

SKIP: Final = 125
"""The exit code of a command that cannot tell, as of `git bisect run`."""
_STOPS: Final = 128

State = Entry | Snapshot
Test = Callable[[State], bool | None]


@click.command(short_help="Find the change that made it bad.")
@click.argument("subject", metavar="REF")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.option("--good", required=True, metavar="AT", help="Where it was good: r10, @3, a time.")
@click.option("--bad", metavar="AT", help="Where it was bad. Default: the head.")
@click.option("--grep", metavar="TEXT", help="Bad is what contains TEXT.")
@click.option("--missing", metavar="TEXT", help="Bad is what does not contain TEXT.")
@inside_option
@on_memory
def bisect(
    memory: Memory,
    out: Output,
    /,
    subject: str,
    command: tuple[str, ...],
    good: str,
    bad: str | None,
    inside: str | None,
    **texts: str | None,
) -> None:
    """Find the change of an entry (or of a namespace) that turned good into bad, by halving.

    COMMAND gets the text on standard input, COMMONPLACE_REFERENCE and COMMONPLACE_REVISION in
    its environment, and says good (exit code 0), bad (1 to 127) or cannot tell (125).

    \b
    commonplace bisect task/q3:findings --good @3 --grep 'Churn fell 21%'
    commonplace bisect task/q3:findings --good r10 --bad r90 -- python check.py
    """
    where = _subject(subject, inside)
    test = _test(where, command, out, **texts)
    found = memory.bisect(where, test, good=_at(good), bad=None if bad is None else _at(bad))
    out.emit(bisection_fields(found), _told(found, out))
    for record in found.records:
        lines = [log_line(record, out)]
        if record.turn:
            lines.append(f"  turn {escape(record.turn)}")
        lines += (f"  based on {escape(each)}" for each in record.based_on)
        out.emit(record_fields(record), lines)


def _subject(text: str, inside: str | None) -> Reference | Namespace:
    if ":" not in text:
        try:
            return Namespace.parse(text)
        except InvalidNamespace:
            pass
    return parse_reference(text, inside)


def _at(text: str) -> str:
    """What stands behind the last `@`, or all of it."""
    return text.rpartition("@")[2]


def _told(found: Bisection, out: Output) -> list[str]:
    lines = [f"{out.style(found.bad, 'bold')} is the first bad one; {found.good} was good"]
    if found.skipped:
        some = ", ".join(found.skipped)
        lines.append(f"or one of these, which could not be tested: {some}")
    if not found.records:
        lines.append("(its record was archived, or is hidden from you)")
    return lines


def _test(
    where: Reference | Namespace,
    command: Sequence[str],
    out: Output,
    *,
    grep: str | None,
    missing: str | None,
) -> Test:
    """The one test that was asked for, which says what it found."""
    if sum((bool(command), grep is not None, missing is not None)) != 1:
        raise click.UsageError("Say what is bad: -- COMMAND, or --grep TEXT, or --missing TEXT.")
    if isinstance(where, Namespace) and not command:
        raise click.UsageError(f"{where} is a namespace, which has no text: give a COMMAND.")

    def test(state: State) -> bool | None:
        if grep is not None:
            good: bool | None = grep not in _text(state)
        elif missing is not None:
            good = missing in _text(state)
        else:
            good = _run(where, command, state)
        name = "?" if good is None else "good" if good else "bad"
        at = "" if isinstance(state, Entry) else f"@r{state.revision()}"
        out.note(f"{_name(where, state)}{at}: {name}")
        return good

    return test


def _run(where: Reference | Namespace, command: Sequence[str], state: State) -> bool | None:
    """What a command says of a state. What it prints is its own, and goes nowhere."""
    revision = state.revision if isinstance(state, Entry) else state.revision()
    told = {"COMMONPLACE_REFERENCE": _name(where, state), "COMMONPLACE_REVISION": str(revision)}
    try:
        done = subprocess.run(
            command,
            input=_text(state).encode(),
            env={**os.environ, **_settings(), **told},
            stdout=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        raise click.UsageError(f"{command[0]}: {error.strerror or error}") from None
    if done.returncode < 0 or done.returncode >= _STOPS:
        raise click.UsageError(f"{command[0]} ended with {done.returncode}: nothing is known.")
    return None if done.returncode == SKIP else done.returncode == 0


def _settings() -> dict[str, str]:
    """Which memory this is and as whom, for a command that asks it more."""
    context = click.get_current_context()
    given = {name: context.params[name] for name in NAMES}
    settings = Settings.of(given, context.find_object(Settings))
    named = {MEMORY: settings.memory, ACTOR: settings.actor, TENANT: settings.tenant}
    return {name: value for name, value in named.items() if value}


def _name(where: Reference | Namespace, state: State) -> str:
    return str(state.reference) if isinstance(state, Entry) else str(where)


def _text(state: State) -> str:
    """An entry as `show --raw` prints it; nothing of a whole namespace."""
    if not isinstance(state, Entry) or not state.exists:
        return ""
    if not isinstance(state.value, str):
        return json.dumps(state.value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    return "\n".join(line.text for line in state.lines) + "\n"
