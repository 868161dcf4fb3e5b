"""Write the counts and the example of docs/studies/agent-logs.md; with `--counts`, measure anew.

`python tools/study_page.py FOLDER` replays one conversation of FOLDER for the example. With
`--counts` it replays them all and writes docs/studies/agent-logs.json too, which takes minutes.
"""

import json
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from commonplace import Memory
from commonplace.cli import main as commonplace
from commonplace.study.conversation import conversations, load
from commonplace.study.replay import HOST, Replay
from commonplace.study.run import run

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "studies" / "agent-logs.md"
COUNTS = PAGE.with_suffix(".json")

CONVERSATION = "algorithm-generated-10"
STATEMENT = "Colville, Washington (2020 Census): 4,965"
CONCLUSION = "732,050"
REASON = "no such figure was retrieved"

_PART = "<!-- {name}: written by tools/study_page.py -->"
_END = "<!-- end of {name} -->"


def rewritten(page: str, name: str, text: str) -> str:
    """The page with one of its generated parts replaced. Raises `ValueError` if it has none."""
    begin, end = _PART.format(name=name), _END.format(name=name)
    before, begins, rest = page.partition(begin)
    _, ends, after = rest.partition(end)
    if not begins or not ends:
        raise ValueError(f"the page has no part between {begin} and {end}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def counts(result: Mapping[str, Any]) -> str:
    """The table of counts, and every exception."""
    return "\n".join(_counts(result))


def _counts(result: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{result['conversations']} conversations with {result['messages']:,} messages became "
        f"{result['turns']:,} turns, which were served {result['served']:,} states. "
        f"The seed of what is sampled is {result['seed']}."
    )
    yield from ("", "| what | as it should be | of |", "| --- | ---: | ---: |")
    tallies = result["tallies"]
    for tally in tallies:
        mark = " (of the recordings, not of the memory)" if tally["of_data"] else ""
        yield f"| {tally['what']}{mark} | {tally['right']:,} | {tally['asked']:,} |"
    yield from ("", "All exceptions:", "")
    for tally in tallies:
        for each in tally["exceptions"]:
            yield f"- {tally['what']}: {each}"


def walk(folder: Path) -> str:
    """The example: four commands on one replayed conversation, and what they print."""
    with tempfile.TemporaryDirectory() as place:
        address = str(Path(place, "team.db"))
        with Memory(address, actor=HOST) as memory:
            with Replay(memory, load(folder / f"{CONVERSATION}.json")) as replay:
                replay.run()
            (found,) = memory.why(STATEMENT).occurrences
        retraction = ["retract", str(found.reference), "--reason", REASON]
        commands = (
            ["why", STATEMENT],
            retraction,
            [*retraction, "--yes"],
            ["why", CONCLUSION],
        )
        environment = {"COMMONPLACE_MEMORY": address, "COMMONPLACE_ACTOR": HOST}
        return "\n\n".join(_typed(command, environment) for command in commands)


def _typed(words: list[str], environment: Mapping[str, str]) -> str:
    done = CliRunner(env=environment).invoke(commonplace, words)
    if done.exit_code:
        raise RuntimeError(f"{words}: {done.stderr}")
    return f"```text\n$ commonplace {shlex.join(words)}\n{done.stdout.strip()}\n```"


def settled(text: str) -> str:
    """A walk without what differs from one run to the next: times, durations, names of turns."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z", "TIME", text)
    text = re.sub(r"\bt[0-9a-f]{14}-[0-9a-f]{8}\b", "TURN", text)
    return re.sub(r"\b\d+(\.\d+)? (ms|s)\b", "A MOMENT", text)


def main(arguments: list[str]) -> int:
    """Bring the page up to date."""
    measures = "--counts" in arguments
    folders = [each for each in arguments if each != "--counts"]
    if len(folders) != 1:
        print(f"usage: {Path(__file__).name} FOLDER [--counts]", file=sys.stderr)
        return 2
    folder = Path(folders[0])
    if measures:
        with (
            tempfile.TemporaryDirectory() as place,
            Memory(Path(place, "study.db"), actor=HOST) as memory,
        ):
            result = run(memory, conversations(folder))
        COUNTS.write_text(result.to_json(), "utf-8")
    page = PAGE.read_text("utf-8")
    page = rewritten(page, "counts", counts(json.loads(COUNTS.read_text("utf-8"))))
    PAGE.write_text(rewritten(page, "walk", walk(folder)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
