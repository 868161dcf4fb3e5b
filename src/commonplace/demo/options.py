"""Options: what a run of the demo is asked to do, checked before anything starts."""

import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from commonplace.demo.document import NoDocuments
from commonplace.demo.job import Job
from commonplace.demo.notebook import SPECIALISTS

FOLDER = "commonplace-demo"
MEMORY_FILE = "memory.db"
NAIVE_FILE = "memory.json"
MAX_FOLDERS = 1000
KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


class BadOptions(ValueError):
    """The run cannot start as asked; the message says what to change. Nothing was written."""


@dataclass(frozen=True)
class Options:
    """One run. Paths are as given; `memory` is an address, a file or a folder.

    None stands for a fresh folder in `base`, where the brief of a database goes too.

    `documents` bounds what each specialist reads; `seed` decides the order. `model` names a
    model of the Messages API in place of the scripted extractors.
    """

    pages: Path | None = None
    rfcs: Path | None = None
    memory: str | None = None
    task: str = "research"
    seed: int = 0
    documents: int | None = None
    naive: bool = False
    model: str = ""
    base: Path = Path()

    def prepare(self) -> Job:
        """Checks everything, makes the folder, and gives the job for the crew."""
        if self.naive and self.model:
            raise BadOptions("--naive runs the scripted crew: leave out --model.")
        if self.model and not any(os.environ.get(name) for name in KEYS):
            raise BadOptions(f"--model {self.model} wants a key: set {KEYS[0]}.")
        if self.model and find_spec("anthropic") is None:
            raise BadOptions("--model wants an extra: pip install 'commonplace[model]'.")
        if self.documents is not None and self.documents < 1:
            raise BadOptions(f"--documents {self.documents}: name at least 1.")
        job = Job(
            address="",
            task=self.task,
            naive=self.naive,
            pages=str(self.pages or ""),
            rfcs=str(self.rfcs or ""),
            documents=self.documents,
            seed=self.seed,
            model=self.model,
        )
        try:
            for actor in SPECIALISTS:
                job.reading_list(actor)
            address, folder = self._place()
            return replace(job, address=address, folder=str(folder))
        except NoDocuments as error:
            raise BadOptions(str(error)) from error
        except OSError as error:
            raise BadOptions(f"No folder for the memory: {error}. Name a --memory.") from error

    def _place(self) -> tuple[str, Path]:
        """The address of the memory or the naive file, and a folder that is there."""
        name = NAIVE_FILE if self.naive else MEMORY_FILE
        if self.memory is None:
            folder = _fresh_folder(self.base)
            return str(folder / name), folder
        if "://" in self.memory:
            if self.naive:
                raise BadOptions("The naive run keeps a file: name its path.")
            return self.memory, _fresh_folder(self.base)
        path = Path(self.memory)
        if path.is_dir():
            path /= name
        if self.naive and path.exists():
            raise BadOptions(f"{path} exists. The naive run wants a new file: name another.")
        path.parent.mkdir(parents=True, exist_ok=True)
        return str(path), path.parent


def brief_path(job: Job) -> Path:
    """Where the brief goes, under the task's name if it is not the usual."""
    usual = job.task == Options.task
    return Path(job.folder, "brief.md" if usual else f"brief-{quote(job.task, '')}.md")


def _fresh_folder(base: Path) -> Path:
    for number in range(1, MAX_FOLDERS):
        folder = base / (FOLDER if number == 1 else f"{FOLDER}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise BadOptions(f"{base / FOLDER} and {MAX_FOLDERS - 2} more are taken: name a --memory.")
