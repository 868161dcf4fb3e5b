"""The post of the naive crew: messages between its processes, in files of lines.

They are not in the shared file: a lost message would leave the crew waiting for ever. Each file
has one writer, so nothing here is lost, and nothing here is counted.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import Any

POLL_S = 0.02
"""How often a reader looks. Only readers wait; no writer ever does."""

_SUFFIX = ".post"


class Post:
    """The message files beside one naive file; `box` names who they are from, or to whom."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, box: str, message: dict[str, Any]) -> None:
        """Adds a message to a box."""
        path = self._path.with_name(f"{self._path.name}.{box}{_SUFFIX}")
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(message) + "\n")

    def waits(self, box: str) -> bool:
        """Whether anything was ever put into a box."""
        return bool(self._files(box))

    def receive(self, boxes: str) -> Iterator[dict[str, Any]]:
        """The messages in the boxes of a pattern, as they come."""
        taken: Counter[Path] = Counter()
        while True:
            found = False
            for path in self._files(boxes):
                text = path.read_text(encoding="utf-8")
                for line in text[: text.rfind("\n") + 1].splitlines()[taken[path] :]:
                    taken[path] += 1
                    found = True
                    yield json.loads(line)
            if not found:
                time.sleep(POLL_S)

    def clear(self) -> None:
        """Removes every message of an earlier run."""
        for path in self._files("*"):
            path.unlink()

    def _files(self, boxes: str) -> list[Path]:
        pattern = f"{escape(self._path.name)}.{boxes}{_SUFFIX}"
        return sorted(self._path.parent.glob(pattern))
