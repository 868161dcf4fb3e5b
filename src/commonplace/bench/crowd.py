"""Crowd: workers in processes of their own, which set out together.

A worker is a generator function at the top of a module: it prepares, yields once when it is
ready, and returns what it measured. Nobody goes on from that `yield` before all are there.
"""

import multiprocessing
import threading
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, Final

Worker = Callable[..., Generator[None, None, Any]]

_PREPARE_S: Final = 180.0
_RUN_S: Final = 600.0


class WorkerFailed(RuntimeError):
    """A worker of the benchmark raised; the message is its error."""


class Crowd:
    """Processes that run one job each; `jobs` are pairs of a worker and its arguments."""

    def __init__(self, jobs: Sequence[tuple[Worker, tuple[Any, ...]]]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._barrier = spawn.Barrier(len(jobs) + 1)
        self._pipes: list[Connection] = []
        self._processes = []
        for worker, arguments in jobs:
            mine, theirs = spawn.Pipe(duplex=False)
            process = spawn.Process(
                target=_work, args=(theirs, self._barrier, worker, arguments), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(mine)
            self._processes.append(process)

    def start(self) -> None:
        """Wait until all are ready, and let them go."""
        try:
            self._barrier.wait(_PREPARE_S)
        except threading.BrokenBarrierError:
            self.results()  # one of them failed, and says why
            raise

    def results(self) -> list[Any]:
        """What each returned, in order. Raises `WorkerFailed`."""
        found = []
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            if not pipe.poll(_RUN_S):
                process.kill()
                raise WorkerFailed(f"a worker gave no answer in {_RUN_S:g} s")
            done, result = pipe.recv()
            pipe.close()
            if not done:
                raise WorkerFailed(result)
            found.append(result)
        for process in self._processes:
            process.join()
            process.close()
        return found


def run(jobs: Sequence[tuple[Worker, tuple[Any, ...]]]) -> list[Any]:
    """Run all jobs to their end."""
    crowd = Crowd(jobs)
    crowd.start()
    return crowd.results()


def _work(pipe: Connection, barrier: Barrier, worker: Worker, arguments: tuple[Any, ...]) -> None:
    try:
        job = worker(*arguments)
        next(job)
        barrier.wait(_PREPARE_S)
        try:
            next(job)
        except StopIteration as stop:
            pipe.send((True, stop.value))
        else:
            raise AssertionError("a worker yields once")
    except Exception as error:  # boundary: told to the process that started this one
        barrier.abort()
        pipe.send((False, f"{type(error).__name__}: {error}"))
