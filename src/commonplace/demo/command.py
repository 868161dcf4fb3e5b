"""The command `commonplace demo`."""

from pathlib import Path

import click

from commonplace.demo import run


@click.command("demo")
@click.option("--pages", type=click.Path(path_type=Path), help="Folder of .rst pages to read.")
@click.option("--rfcs", type=click.Path(path_type=Path), help="Folder of .rst proposals to read.")
@click.option(
    "-m",
    "--memory",
    metavar="ADDRESS",
    help="File, folder or database for the memory. By default a new folder, ./commonplace-demo.",
)
@click.option("--task", default="research", show_default=True, help="Name of the task.")
@click.option("--seed", default=0, show_default=True, help="Decides the order of reading.")
@click.option("--documents", type=int, help="Most documents for each specialist.")
@click.option("--naive", is_flag=True, help="The same crew over a plain JSON file: counts losses.")
@click.option(
    "--model",
    default="",
    metavar="NAME",
    help="The same crew on a real model; wants ANTHROPIC_API_KEY and the extra `model`.",
)
@click.pass_context
def demo(context: click.Context, /, **options: object) -> None:
    """A research crew on one memory.

    Four processes: two specialists read real documents and file findings, a synthesizer condenses
    them while they go on and writes a brief, a supervisor keeps the plan. Every citation of the
    brief is checked. Nothing is needed but this machine: the agents are scripted extractors.

    Without --pages and --rfcs they read the documentation of this Python: its standard library and
    the descriptions of the installed distributions.
    """
    if options["memory"] is None:  # `commonplace --memory ADDRESS demo`
        options["memory"] = getattr(context.obj, "memory", None) or None
    context.exit(run(**options))
