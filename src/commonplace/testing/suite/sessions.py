"""Guarantee 3: read-your-writes and monotonic reads in a session."""

import threading

from commonplace.errors import AnchorNotFound, FutureRevision
from commonplace.testing.harness import Harness
from commonplace.testing.history import Event
from commonplace.testing.processes import Crew
from commonplace.testing.suite.participants import job
from commonplace.testing.suite.stage import (
    TASK,
    Stage,
    needs_processes,
    refused,
    staged,
    together,
)


def test_session_reads_its_own_writes(harness: Harness) -> None:
    with staged(harness, "notes") as stage:
        notes = stage.block("notes")
        for number in range(30):
            receipt = notes.append(f"line {number}")
            entry = notes.read()
            assert entry.version == receipt.version
            assert entry.revision == receipt.revision
            assert entry.lines[-1].text == f"line {number}"
            assert stage.owner.position().revision >= receipt.revision


def test_session_reads_its_own_writes_beside_others(harness: Harness) -> None:
    with staged(harness, "notes") as stage:

        def work(name: str) -> None:
            memory = stage.open("owner")
            notes = stage.block("notes", memory)
            for number in range(20):
                receipt = notes.append(f"{name} {number}")
                entry = notes.read()
                assert entry.version >= receipt.version, "a write of its own does not show"
                assert f"{name} {number}" in entry.text.split("\n")

        together(*(lambda name=name: work(name) for name in ("a", "b", "c")))
        assert stage.block("notes").read().version == 60


def test_every_entry_says_as_of_which_revision(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        notes, other = stage.block("notes"), stage.block("other")
        first = notes.append("one")
        for number in range(4):
            entry = notes.read(at_least=first)
            assert (entry.revision, entry.as_of) == (first.revision, stage.head)
            assert notes.read() == entry and notes.read().as_of == stage.head
            assert other.append(f"line {number}").revision == stage.head > entry.as_of
        assert stage.owner.at(first.revision).task(TASK).block("notes").read().as_of == (
            first.revision
        )
        assert stage.owner.catch_up(at_least=first, linearizable=True).revision == stage.head
        refused(FutureRevision, lambda: notes.read(at_least=stage.head + 1))


def test_reads_never_go_back(harness: Harness) -> None:
    with staged(harness, "notes", "other") as stage:
        reader, done = stage.open("owner"), threading.Event()

        def write() -> None:
            try:
                for number in range(60):
                    stage.block("notes").append(f"line {number}")
                    stage.block("other").append(f"line {number}")
            finally:
                done.set()

        def read() -> None:
            notes = other = position = 0
            while not done.is_set():
                seen = stage.block("other", reader).read().version
                assert seen >= other, f"version {seen} was read after {other}"
                other = seen
                # `notes` is written first, so it is never behind what was read of `other`.
                seen = stage.block("notes", reader).read().version
                assert seen >= max(notes, other), f"version {seen} was read after {notes}, {other}"
                notes = seen
                head = reader.position().revision
                assert head >= position, f"position {head} was read after {position}"
                position = head

        together(write, read, read)


def test_what_another_process_wrote_shows_at_once(harness: Harness) -> None:
    """Nothing that a process remembers of an entry outlives a change by another one."""
    needs_processes(harness)
    with staged(harness, "log", share={"w": "editor"}) as stage, Crew() as crew:
        log = stage.block("log")
        log.append("mine")
        for number in range(3):
            log.replace("mine", f"{number} mine")
            event = _append_elsewhere(stage, crew, number)
            entry, line = log.read(), f"line {event.key}"
            assert (entry.version, entry.revision) == (event.version, event.revision)
            assert entry.lines[-1].text == line
            try:
                landed = log.replace(line, f"read {line}", expect=event.version)
            except AnchorNotFound as error:
                raise AssertionError(f"decided on a text that no longer stands: {error}") from error
            assert landed.version == event.version + 1


def _append_elsewhere(stage: Stage, crew: Crew, number: int) -> Event:
    """Let another process append a line; what it was answered."""
    calls = ["append"]
    worker = crew.hire(job(stage.address, "w", "write", life=number, seed=1, count=1, calls=calls))
    crew.ready(worker)
    crew.begin(worker)
    crew.wait(lambda: bool(worker.events), "the worker wrote")
    return worker.events[0]
