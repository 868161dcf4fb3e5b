"""The command `commonplace bench`."""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import click

from commonplace.bench import machine
from commonplace.bench.plan import Plan
from commonplace.bench.report import machine_line, rewritten, row_lines
from commonplace.bench.result import Result
from commonplace.bench.server import Server, Unavailable, lent
from commonplace.bench.suite import FAMILY, POSTGRES, SUITE, chosen, measure

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("bench")
@click.option("--quick", is_flag=True, help="Under a minute or so, for CI: not to be quoted.")
@click.option("--rounds", type=click.IntRange(1), help="Interleaved rounds.")
@click.option("--seconds", type=click.FloatRange(0.01), help="Length of a round by time.")
@click.option("--history", type=click.IntRange(2_000), help="Revisions of the long history.")
@click.option(
    "--only",
    type=click.Choice([*SUITE, FAMILY, *POSTGRES]),
    multiple=True,
    help="These rows alone; `postgres` stands for all that need a server.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Where the files lie while it runs: on the disk to be measured. By default here.",
)
@click.option("--json", "output", type=_FILE, help="Write the result as JSON.")
@click.option("--from", "source", type=_FILE, help="Measure nothing: take this JSON.")
@click.option("--page", type=_FILE, help="Write the result into this page, docs/benchmarks.md.")
def bench(
    *,
    quick: bool,
    rounds: int | None,
    seconds: float | None,
    history: int | None,
    only: tuple[str, ...],
    folder: Path,
    output: Path | None,
    source: Path | None,
    page: Path | None,
) -> None:
    """Measure this memory against bare databases and LangGraph's stores, as ratios.

    Every ratio is of medians of interleaved rounds in one run. Searching is not measured: it
    comes with the store. LangGraph's stores need the extra `bench`; without it their rows are
    empty. The rows of PostgreSQL need the server that COMMONPLACE_TEST_POSTGRES names (as its
    superuser), or the extra `test`, which brings one; without either they are left out.
    """
    asked = {
        "rounds": rounds,
        "seconds": seconds,
        "history": history,
        "server_history": history,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if source is not None:
        if quick or given or only:
            raise click.UsageError("--from measures nothing: leave out what says how to measure.")
        result = _read(source)
        _show(result)
    else:
        result = _run(folder, quick=quick, only=only, **given)
    if output is not None:
        output.write_text(result.to_json(), "utf-8")
    if page is not None:
        try:
            page.write_text(rewritten(page.read_text("utf-8"), result), "utf-8")
        except (OSError, ValueError) as error:
            raise click.UsageError(f"{page}: {error}") from error


def _run(folder: Path, *, quick: bool, only: tuple[str, ...], **given: float) -> Result:
    with ExitStack() as stack:
        place = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="commonplace-bench-", dir=folder)
        )
        start = Plan.quick if quick else Plan
        plan = start(Path(place)).with_values(given)
        server = _server(stack, plan.folder) if chosen(only)[1] else None
        described = machine.describe(plan.folder, server)
        click.echo(machine_line(described) + "\n")
        rows = []
        for row in measure(plan, server, only):
            rows.append(row)
            click.echo("\n".join(row_lines(row)))
    day = datetime.now(UTC).date().isoformat()
    made = Result(day, metadata.version("commonplace"), described, plan.to_plain(), rows)
    return Result.from_json(made.to_json())  # as whoever reads the file will see it


def _server(stack: ExitStack, folder: Path) -> Server | None:
    try:
        return stack.enter_context(lent(folder))
    except Unavailable as error:
        click.echo(f"No rows of PostgreSQL: {error}\n")
        return None


def _read(source: Path) -> Result:
    try:
        return Result.from_json(source.read_text("utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise click.UsageError(f"{source}: {error}") from error


def _show(result: Result) -> None:
    click.echo(machine_line(result.machine) + "\n")
    for row in result.rows:
        click.echo("\n".join(row_lines(row)))
