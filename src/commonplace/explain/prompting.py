"""Prompting: what a turn renders, read as the subjects that `core.rendering` lays out."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Literal

from commonplace.explain.lookup import find, key_of, passage
from commonplace.model.entry import EntryKey
from commonplace.model.reference import AtVersion, Reference
from commonplace.model.rendering import Subject
from commonplace.storage.programs import reading, turning
from commonplace.storage.programs.reading import Found, Reader
from commonplace.storage.programs.taking_back.marking import statuses
from commonplace.storage.step import Answer, Program, Step


def subject_at(reader: Reader, reference: Reference, revision: int) -> Program[Subject]:
    """What `reference` names, as it stood at a revision; where it says so itself, there.

    Raises `NotFound` past the last line.
    """
    if reference.at is None:
        found = yield from reading.read_entry_at(reader, key_of(reference), revision)
    else:
        found = yield from find(reader, reference)
    pinned = replace(reference, at=AtVersion(found.version))
    subject = yield from _subject(reader, pinned, found)
    marks = yield from _marks(reader, subject, revision)
    return replace(subject, marks=marks)


def _marks(
    reader: Reader, subject: Subject, revision: int
) -> Generator[Step, Answer, dict[tuple[int, int], str]]:
    """What was known of the lines at a revision: the same revision gives the same marks."""
    versions = {line.version for line in subject.lines}
    found = yield from statuses(reader, key_of(subject.reference), versions)
    return {
        line[:2]: ", ".join(dict.fromkeys(mark.status for mark in known))
        for line in subject.lines
        if (
            known := [
                mark
                for mark in found.get(line.version, ())
                if mark.revision <= revision and mark.covers(line.place)
            ]
        )
    }


def own_changes(
    reader: Reader, key: EntryKey, own: Sequence[int]
) -> Program[list[tuple[Subject, Subject]]]:
    """Each version of an entry that a turn wrote, with the one before it."""
    pairs = []
    for version in own:
        before = yield from turning.version_before(reader, key, version)
        after = yield from reading.read_version(reader, key, version)
        pairs.append(
            (
                (yield from _subject(reader, key.reference(version - 1), before)),
                (yield from _subject(reader, key.reference(version), after, own)),
            )
        )
    return pairs


def _subject(
    reader: Reader,
    reference: Reference,
    found: Found,
    own: Sequence[int] = (),
) -> Generator[Step, Answer, Subject]:
    lines = passage(reference, found).lines
    versions = dict.fromkeys(line.version for line in lines)
    authors = yield from turning.authors(reader, key_of(reference), versions)
    is_text = found.value is None or isinstance(found.value, tuple)
    holds: Literal["text", "json"] = "text" if is_text else "json"
    return Subject(reference, lines, authors, frozenset(own), holds=holds)
