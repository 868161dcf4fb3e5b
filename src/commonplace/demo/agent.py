"""One agent's process: `python -m commonplace.demo.agent ROLE`, its job on standard input."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from commonplace._lazy import lazy_import
from commonplace.demo.event import Failed, Reporter
from commonplace.demo.job import Job
from commonplace.demo.naive import NaiveNotebook
from commonplace.demo.notebook import SPECIALISTS, SUPERVISOR, SYNTHESIZER, GaveUp, Notebook
from commonplace.demo.shared import SharedNotebook
from commonplace.demo.specialist import research
from commonplace.demo.supervisor import supervise
from commonplace.demo.synthesizer import synthesize
from commonplace.errors import CommonplaceError

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Does one role's work and answers with the exit code."""
    (role,) = arguments
    job = Job.loads(sys.stdin.readline())
    reporter = Reporter()
    try:
        work(role, job, reporter)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (GaveUp, CommonplaceError) as error:
        reporter.say(Failed(role, str(error)))
        return 1
    except Exception as error:  # boundary: the parent shows it, and the crew stops
        traceback.print_exception(error)
        reporter.say(Failed(role, f"{type(error).__name__}: {error}"))
        return 1
    return 0


def work(role: str, job: Job, reporter: Reporter) -> None:
    """Opens the notebook, does the role's work in it, and closes it."""
    notebook: Notebook
    if job.naive:
        notebook = NaiveNotebook(Path(job.address), role, reporter)
    else:
        notebook = SharedNotebook(job.address, job.task, role, reporter)
    try:
        if role == SUPERVISOR:
            supervise(notebook, job, reporter)
        elif role in SPECIALISTS and job.model:
            lazy_import("commonplace.demo.model.reader").research(notebook, job, role, reporter)
        elif role in SPECIALISTS:
            research(notebook, job, role, reporter)
        elif role == SYNTHESIZER and job.model:
            lazy_import("commonplace.demo.model.writer").synthesize(notebook, job, reporter)
        elif role == SYNTHESIZER:
            synthesize(notebook, job, reporter)
        else:
            raise ValueError(f"{role!r} is no role of this crew.")
    finally:
        notebook.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
