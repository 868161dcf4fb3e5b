"""Cited: what a citation names, as it stood when the report was written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from commonplace.core.text import ERASED_LINE
from commonplace.errors import AccessDenied, Compacted, Erased, FutureRevision, NotFound
from commonplace.explain.lookup import Passage, find, key_of, passage
from commonplace.explain.reports.claims import is_quoted_from, offered, plain
from commonplace.explain.reports.verification import CitationVerdict
from commonplace.model.entry import EntryKey, Line
from commonplace.model.reference import AtRevision, AtVersion, Reference
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.reading import Found, Reader, version_at
from commonplace.storage.step import Program

_HELD: Final = 16
"""Versions that are kept at a time, since citations of one version stand near each other."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A citation that names nothing that can be read, and why."""

    verdict: CitationVerdict
    detail: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class Cited:
    """What a citation names: lines of an entry at a version; `reference` is pinned to it."""

    reference: Reference
    version: int
    first: int
    lines: tuple[Line, ...]
    is_text: bool

    @property
    def key(self) -> EntryKey:
        """The entry."""
        return key_of(self.reference)

    @property
    def numbers(self) -> range:
        """The numbers of the lines."""
        return range(self.first, self.first + len(self.lines))

    @property
    def evidence(self) -> str:
        """The lines as one text; of a JSON value, its strings as they read."""
        text = "\n".join(line.text for line in self.lines)
        if self.is_text:
            return text
        return text.replace('\\"', '"').replace("\\n", " ").replace("\\\\", "\\")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What several passages offer together: figures, and words made `plain`."""

    figures: frozenset[str]
    words: str

    @classmethod
    def of(cls, passages: Sequence[Cited]) -> "Evidence":
        """The evidence of a sentence's citations."""
        texts = [each.evidence for each in passages]
        figures: frozenset[str] = frozenset().union(*map(offered, texts))
        return cls(figures, "\n".join(map(plain, texts)))

    def quotes(self, quotation: str) -> bool:
        """Whether a quotation is taken from it."""
        return is_quoted_from(quotation, self.words)


class Library:
    """Looks citations up for one verification; `until` is when its report was written."""

    def __init__(self, reader: Reader, until: int) -> None:
        self.reader, self.until = reader, until
        self._held: dict[Reference, tuple[Found, Passage]] = {}

    def look_up(self, reference: Reference) -> Program[Cited | Absent]:
        """What a reference names, or why nothing can be said of it."""
        try:
            pinned = yield from self._pinned(reference)
            found, whole = yield from self._whole(replace(pinned, lines=None))
        except (NotFound, FutureRevision) as error:
            return Absent("missing", str(error), reference)
        except AccessDenied:
            detail = f"{self.reader.actor} may read nothing of that name."
            return Absent("missing", detail, reference)
        except Compacted as error:
            return Absent("compacted", str(error), reference)
        except Erased as error:
            return Absent("erased", str(error), reference)
        named, (first, last) = whole.reference, reference.lines or (1, len(whole.lines))
        why = self._nothing(found, last, len(whole.lines))
        if reference.lines is not None:
            named = replace(named, lines=reference.lines)
        if why is not None:
            return Absent("missing", why, named)
        is_text = isinstance(found.value, tuple)
        cited = Cited(named, found.version, first, whole.lines[first - 1 : last], is_text)
        if cited.is_text and (yield from self._is_erased(cited)):
            return Absent("erased", "The bytes of a cited line were destroyed.", named)
        return cited

    def _pinned(self, reference: Reference) -> Program[Reference]:
        """Without a version, and for versions back: counted from when the report was written."""
        at = reference.at
        if at is None:
            return replace(reference, at=AtRevision(self.until))
        if isinstance(at, AtVersion) and at.version < 0:
            key = key_of(reference)
            now = yield from reading.standing(self.reader.tenant)
            yield from reading.require_read(self.reader, now.access_revision, key)
            stood = yield from version_at(self.reader.tenant, key, self.until)
            if stood + at.version < 1:
                raise NotFound(
                    f"{key.reference()} had {stood} versions when the report was written."
                )
            return reference.pinned(stood + at.version)
        if isinstance(at, AtVersion) and at.version == 0:
            raise NotFound("Versions count up from 1.")
        return reference

    def _whole(self, reference: Reference) -> Program[tuple[Found, Passage]]:
        if reference not in self._held:
            found = yield from find(self.reader, reference)
            if len(self._held) >= _HELD:
                del self._held[next(iter(self._held))]
            self._held[reference] = found, passage(reference, found)
        return self._held[reference]

    def _nothing(self, found: Found, last: int, lines: int) -> str | None:
        """Why a state that was found holds nothing that could have been cited."""
        if not found.version:
            return "Nothing was written there yet."
        if found.revision > self.until:
            return (
                f"Version {found.version} was made at r{found.revision}, after the report "
                f"(r{self.until})."
            )
        if found.dead:
            return f"Version {found.version} is a deletion: it says nothing."
        return f"It has {lines} lines; there is no line {last}." if last > lines else None

    def _is_erased(self, cited: Cited) -> Program[bool]:
        for line in cited.lines:
            if line.text == ERASED_LINE:
                made = yield from listing.record_of_version(self.reader, cited.key, line.version)
                if made is not None and made.body is None:
                    return True
        return False
