"""Subject and Rendering: what is put into a prompt, and what then stood there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from commonplace.model.entry import Line
from commonplace.model.reference import AtVersion, Reference


@dataclass(frozen=True, slots=True)
class Subject:
    """A passage to render: an entry, or some of its lines, at one version.

    `reference` is pinned to the version, and names the lines if these are not all of them.
    A JSON value comes as the lines of its printed form and `holds="json"`. `authors` names
    who wrote each version a line comes from; one that is missing is shown as unknown. `own`
    are the versions that the turn wrote itself. `marks` say what else is to be known about a
    line, by its version and place, such as "suspect", and `note` about the whole passage.
    """

    reference: Reference
    lines: tuple[Line, ...]
    authors: Mapping[int, str]
    own: frozenset[int] = frozenset()
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)
    note: str = ""
    holds: Literal["text", "json"] = "text"

    def __post_init__(self) -> None:
        if not isinstance(self.reference.at, AtVersion):
            raise ValueError(f"{self.reference} is not pinned to a version")
        if self.reference.lines:
            first, last = self.reference.lines
            if len(self.lines) != last - first + 1:
                raise ValueError(f"{self.reference} comes with {len(self.lines)} lines")

    @property
    def first(self) -> int:
        """The number of the first line."""
        return self.reference.lines[0] if self.reference.lines else 1

    @property
    def whole(self) -> Reference:
        """The entry at its version, without the lines."""
        return replace(self.reference, lines=None)


class Shown(NamedTuple):
    """Lines that stand in a rendering, `first` to `last`, of an entry at a version.

    Both are 0 for an entry that has no lines, which is shown as empty.
    """

    reference: Reference
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Rendering:
    """A text for a prompt, and what is in it; `str` gives the text.

    `tokens` is what the text was counted as. `shown` lists the lines in it, in its order, and
    `left_out` the passages that did not fit, in the order in which they were given up.
    `renderer` is the version of the format: the same subjects under the same version give the
    same bytes. `restarted` says that what came later did not fit behind the base, so that this
    text does not begin with it.
    """

    text: str
    tokens: int
    shown: tuple[Shown, ...]
    left_out: tuple[Reference, ...]
    renderer: int
    restarted: bool = False

    def __str__(self) -> str:
        return self.text
