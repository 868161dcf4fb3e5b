"""A job: what one agent's process is told, in one line of JSON on its standard input."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from commonplace.demo.document import (
    DEFAULT_DOCUMENTS,
    Listed,
    NoDocuments,
    choose,
    list_distributions,
    list_folder,
    list_modules,
)
from commonplace.demo.notebook import WEB

MODEL_DOCUMENTS = 3
"""Documents each specialist reads on a model, which costs money, when no number is asked for."""


@dataclass(frozen=True, slots=True)
class Job:
    """Where the crew works, on what, and how. `model` is empty for the scripted extractors.

    `folder` is where the brief goes: beside a file, or a folder of its own.
    """

    address: str
    task: str
    folder: str = ""
    naive: bool = False
    pages: str = ""
    rfcs: str = ""
    documents: int | None = None
    seed: int = 0
    model: str = ""

    def dumps(self) -> str:
        """The job on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> "Job":
        """The job a line holds."""
        return cls(**json.loads(text))

    def reading_list(self, actor: str) -> list[Listed]:
        """What a specialist is to read, in its order; `NoDocuments` if there is nothing."""
        usual = None if self._folder(actor) else DEFAULT_DOCUMENTS
        if self.model:
            usual = MODEL_DOCUMENTS
        limit = usual if self.documents is None else self.documents
        return choose(self.library(actor), limit=limit, seed=self.seed)

    def library(self, actor: str) -> list[Listed]:
        """All that a specialist could be given to read.

        Without folders the web specialist reads the single modules of the standard library, the
        docs specialist its packages and what the installed distributions say of themselves.
        """
        folder = self._folder(actor)
        if folder:
            return list_folder(Path(folder), "page" if actor == WEB else "pep")
        return _of_this_python(actor)

    def source_of(self, actor: str) -> str:
        """What a specialist reads, in words."""
        folder = self._folder(actor)
        if folder:
            return Path(folder).name
        if actor == WEB:
            return "the modules of this Python's standard library"
        return "its packages and the installed distributions"

    def _folder(self, actor: str) -> str:
        return self.pages if actor == WEB else self.rfcs


def _of_this_python(actor: str) -> list[Listed]:
    modules = list_modules()
    if actor == WEB:
        found = [module for module in modules if "/" not in module.name]
    else:
        found = [module for module in modules if "/" in module.name] + list_distributions()
    if not found:
        raise NoDocuments("This Python's documentation is not here: name --pages and --rfcs.")
    return found
