"""The command `copy`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import click

from commonplace import AccessDenied, Copied
from commonplace._lazy import lazy_import
from commonplace.cli import exits
from commonplace.cli.audit import position_text
from commonplace.cli.escape import escape
from commonplace.cli.options import Settings, memory_options, whom_to_ask
from commonplace.cli.output import Output
from commonplace.cli.upkeep_fields import copied_fields, copying_fields, finding_fields
from commonplace.storage.schema import tenants

_TENTHS: Final = 10

Progress = Callable[[int, int], None]


@click.command(short_help="Copy a tenant to another memory.")
@click.argument("source")
@click.argument("target")
@click.option("--all-tenants", is_flag=True, help="Every tenant of SOURCE, one after the other.")
@memory_options
@click.pass_context
def copy(
    context: click.Context,
    /,
    source: str,
    target: str,
    all_tenants: bool,
    **given: str | bool | None,
) -> int:
    """Copy a tenant from SOURCE to TARGET, each a file or postgresql://…. Takes its owner.

    Revisions, chain, and what retries find come along. TARGET is made if it is not there; what it
    holds of the tenant must be the beginning of the same log. Others may go on writing to SOURCE:
    the copy ends where the log stood when it began, and then audits the target. Stopped anywhere
    and run again it goes on, so run it once more when the writers have moved over.

    \b
    commonplace copy team.db postgresql://owner@db1,db2/team
    commonplace copy postgresql://owner@db1/team team.db --tenant acme
    """
    settings = Settings.of(given, context.find_object(Settings))
    if all_tenants and settings.tenant:
        raise click.UsageError("Either --tenant or --all-tenants.")
    settings = replace(settings, memory=source)
    out = Output(as_json=settings.as_json)
    names = tenants(source) if all_tenants else [settings.tenant]
    codes = [_copy(replace(settings, tenant=name), target, out) for name in names]
    return max(codes, default=exits.OK)


def _copy(settings: Settings, target: str, out: Output) -> int:
    with settings.opened() as memory:
        try:
            with _shown(out, memory.tenant) as progress:
                copied = memory.copy_to(target, progress=progress)
        except AccessDenied:
            out.note(whom_to_ask(memory))
            raise
    out.emit(copied_fields(copied), _told(copied, out))
    for finding in copied.report.findings:
        out.emit(finding_fields(finding), escape(str(finding)))
    return exits.OK if copied.ok else exits.FINDINGS


def _told(copied: Copied, out: Output) -> Iterator[str]:
    report = copied.report
    verdict = out.style("ok", "green") if copied.ok else out.style("FINDINGS", "red")
    at = f", from r{copied.after} on" if copied.after else ""
    yield (
        f"{verdict}  tenant {escape(report.tenant)}: {copied.records} records and "
        f"{copied.receipts} receipts copied{at}"
    )
    yield f"{position_text(copied.position)}  in both, and {report.records} records audited"
    if copied.behind:
        yield f"the source went on by {copied.behind} revisions meanwhile: run it again for those"


@contextmanager
def _shown(out: Output, tenant: str) -> Iterator[Progress]:
    """How far it is: a bar on a terminal, a line for each tenth elsewhere, objects for programs."""
    if out.as_json:

        def emit(at: int, until: int) -> None:
            out.emit(copying_fields(tenant, at, until), ())
            out.flush()

        yield emit
    elif out.is_watched:
        progress = lazy_import("rich.progress")
        console = lazy_import("rich.console").Console(stderr=True)
        with progress.Progress(console=console, transient=True) as bars:
            bar = bars.add_task(lazy_import("rich.markup").escape(escape(tenant)), total=None)
            yield lambda at, until: bars.update(bar, completed=at, total=until)
    else:
        told = 0

        def tell(at: int, until: int) -> None:
            nonlocal told
            if at * _TENTHS // until > told:
                told = at * _TENTHS // until
                out.note(f"{escape(tenant)}: r{at} of r{until}")

        yield tell
