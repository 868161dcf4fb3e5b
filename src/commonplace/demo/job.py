"""A job: what one agent's process is told, in one line of JSON on its standard input."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from commonplace.demo.document import (
    DEFAULT_DISTRIBUTIONS,
    DEFAULT_MODULES,
    Listed,
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
    """Where the crew works, on what, and how. `model` is empty for the scripted extractors."""

    address: str
    task: str
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
        if actor == WEB:
            found = list_folder(Path(self.pages), "page") if self.pages else list_modules()
            usual = None if self.pages else DEFAULT_MODULES
        else:
            found = list_folder(Path(self.rfcs), "pep") if self.rfcs else list_distributions()
            usual = None if self.rfcs else DEFAULT_DISTRIBUTIONS
        if self.model:
            usual = MODEL_DOCUMENTS
        limit = usual if self.documents is None else self.documents
        return choose(found, limit=limit, seed=self.seed)

    def source_of(self, actor: str) -> str:
        """What a specialist reads, in words."""
        if actor == WEB:
            folder, usual = self.pages, "the running Python's standard library"
        else:
            folder, usual = self.rfcs, "the installed distributions' descriptions"
        return Path(folder).name if folder else usual
