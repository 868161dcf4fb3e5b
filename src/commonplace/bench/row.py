"""Row: one line of the result, a ratio or a time against its aim."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Unit = Literal["x", "ms", "share"]


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what came out, and what was aimed at.

    `value` is None when it could not be measured, and `note` says why. With `at_least` the
    aim is a floor, else a ceiling. `spread` is the lowest and highest of the rounds. `parts`
    are the medians behind the value, by a name that holds the unit.
    """

    name: str
    what: str
    value: float | None
    unit: Unit
    aim: float | None
    at_least: bool
    spread: tuple[float, float] | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; None when there is no aim or no value."""
        if self.value is None or self.aim is None:
            return None
        return self.value >= self.aim if self.at_least else self.value <= self.aim

    def to_plain(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return {**asdict(self), "met": self.met}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Row":
        """The reverse of `to_plain`."""
        fields = {name: value for name, value in plain.items() if name != "met"}
        if fields["spread"] is not None:
            low, high = fields["spread"]
            fields["spread"] = (low, high)
        return cls(**fields)


def shown(value: float | None, unit: Unit) -> str:
    """A value as a reader wants it."""
    if value is None:
        return "-"
    if unit == "ms":
        return f"{value:.1f} ms"
    if unit == "share":
        return f"{value:.2f}"
    return f"{value:.1f}x" if value >= 10 else f"{value:.2f}x"


def shown_aim(row: Row) -> str:
    """The aim with its direction."""
    if row.aim is None:
        return "-"
    aim = f"{row.aim:g}" + {"x": "x", "ms": " ms", "share": ""}[row.unit]
    return f"at least {aim}" if row.at_least else f"at most {aim}"
