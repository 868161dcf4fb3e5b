"""Turning: what a turn reads, and whether what it was served still stands."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

from commonplace.core.overlay import overlay
from commonplace.core.rules.rule import others_since
from commonplace.model.entry import EntryKey
from commonplace.storage.programs import reading
from commonplace.storage.programs.reading import ABSENT, Found, Reader
from commonplace.storage.step import Answer, Program, Statement, Step


class Basis(NamedTuple):
    """An entry as a turn knows it: its version at the pin, and the turn's own since."""

    version: int
    own: tuple[int, ...] = ()

    @property
    def newest(self) -> int:
        """The version that stands if nobody else wrote, and the one at the pin otherwise."""
        alone = self.own == tuple(range(self.version + 1, self.version + 1 + len(self.own)))
        return self.version + len(self.own) if alone else self.version


def begin(tenant: str, at: int | None) -> Program[int]:
    """The revision to pin: `at`, or the head. Raises `FutureRevision` or `Compacted`."""
    now = yield from reading.standing(tenant)
    if at is None:
        return now.revision
    reading.check_revision(at, now.revision, now.floor)
    return at


def turn_entry(reader: Reader, key: EntryKey, revision: int, own: Sequence[int]) -> Program[Found]:
    """An entry at a turn's pin with the turn's own writes in it.

    When nobody else wrote in between, that is its newest own version, and it says so. Otherwise
    no version ever stood so: the value has the version of the pin, and its lines tell.
    """
    found = yield from reading.read_entry_at(reader, key, revision)
    if not own:
        return found
    newest = yield from reading.read_version(reader, key, own[-1])
    if Basis(found.version, tuple(own)).newest == own[-1]:
        return newest
    if newest.dead or not isinstance(newest.value, tuple):
        return newest
    view = found.value or ()
    for version in own:
        after = yield from reading.read_version(reader, key, version)
        before = yield from version_before(reader, key, version)
        view = overlay(view, before.value or (), after.value or ())
    return newest._replace(version=found.version, value=view)


def version_before(reader: Reader, key: EntryKey, version: int) -> Generator[Step, Answer, Found]:
    """An entry as it stood before a version."""
    if version == 1:
        return ABSENT
    return (yield from reading.read_version(reader, key, version - 1))


def authors(reader: Reader, key: EntryKey, versions: Iterable[int]) -> Program[dict[int, str]]:
    """Who wrote each version, as far as the reader may know."""
    now = yield from reading.standing(reader.tenant)
    has = yield from reading.require_read(reader, now.access_revision, key)
    asked = [(reader.tenant, *key, version) for version in versions]
    if not asked:
        return {}
    (rows,) = yield (Statement("version_author", asked),)
    return {row[3]: row[4] for row in rows if row[5] >= has.since}


def changed_since(tenant: str, served: Mapping[EntryKey, Basis]) -> Program[dict[EntryKey, int]]:
    """Of what was served, the entries that others changed, with the version that stands."""
    keys: Iterable[EntryKey] = served
    (rows,) = yield (Statement("entry_load", [(tenant, *key) for key in keys]),)
    stands = {EntryKey(*row[1:4]): int(row[4]) for row in rows}
    return {
        key: stands.get(key, 0)
        for key, basis in served.items()
        if others_since(basis.version, basis.own, stands.get(key, 0))
    }
