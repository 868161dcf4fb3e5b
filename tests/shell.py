"""A shell for tests: command lines on one memory, and the references they print."""

import json
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from commonplace import InvalidInput, Reference
from commonplace.cli import main


class Shell:
    """Runs command lines on one memory, in this process."""

    def __init__(self, address: Path | str) -> None:
        self.address = address

    def run(self, *words: str, actor: str = "sup", stdin: str | None = None) -> Result:
        """The outcome of a command line, whatever it is."""
        environment = {"COMMONPLACE_MEMORY": str(self.address), "COMMONPLACE_ACTOR": actor}
        return CliRunner(env=environment).invoke(main, list(words), input=stdin)

    def lines(self, *words: str, actor: str = "sup") -> list[str]:
        """What a command that succeeds prints."""
        result = self.run(*words, actor=actor)
        assert result.exit_code == 0, result.stderr
        return result.stdout.splitlines()

    def objects(self, *words: str, actor: str = "sup") -> list[dict[str, Any]]:
        """What a command that succeeds prints with --json."""
        return [json.loads(line) for line in self.lines(*words, "--json", actor=actor)]


def references(output: str) -> set[str]:
    """Every whole reference and every revision that an output shows, as a person would see it."""
    found = set(re.findall(r"(?<![\w:@])r[0-9]+(?![\w.:])", output))
    for word in re.split(r"[\s\",\[\]()`|]+", output):
        try:
            reference = Reference.parse(word)
        except InvalidInput:
            continue
        if reference.namespace is not None:
            found.add(word)
    return found
