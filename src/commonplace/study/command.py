"""The command `commonplace study`."""

import tempfile
from pathlib import Path

import click

from commonplace import Memory
from commonplace.study.conversation import NoConversations, conversations
from commonplace.study.replay import HOST
from commonplace.study.run import run

_FINDINGS = 1
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("study")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-m", "--memory", type=_FILE, help="Keep the memory in this new file.")
@click.option("--only", metavar="NAME", multiple=True, help="These conversations alone.")
@click.option("--seed", default=0, show_default=True, help="Decides what is sampled.")
@click.option("--json", "output", type=_FILE, help="Write the counts as JSON.")
def study(
    folder: Path, memory: Path | None, only: tuple[str, ...], seed: int, output: Path | None
) -> int:
    """Replay recorded conversations of agents, and count what the memory knows of them.

    FOLDER holds conversations in the form of the "Who&When" data set, one JSON file each. Every
    message becomes a turn of its speaker. Then the memory is asked: who wrote the mistake, where
    each sentence of the final answers came from, who was shown it and what was built on it, and
    which sentences of a report cannot be believed. Each answer is held against going through
    everything that was ever written. Exit code 1: an answer was wrong.
    """
    if memory is not None and memory.exists():
        raise click.UsageError(f"{memory} exists: name a new file.")
    try:
        found = [each for each in conversations(folder) if not only or each.name in only]
    except NoConversations as error:
        raise click.UsageError(str(error)) from error
    if not found:
        raise click.UsageError(f"{folder} holds no conversation of that name.")
    with (
        tempfile.TemporaryDirectory(prefix="commonplace-study-") as place,
        Memory(memory or Path(place, "study.db"), actor=HOST) as opened,
    ):
        result = run(opened, found, seed=seed)
    click.echo("\n".join(result.lines()))
    if output is not None:
        output.write_text(result.to_json(), "utf-8")
    return 0 if result.is_sound else _FINDINGS
