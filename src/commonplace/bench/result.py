"""Result: what a run found, on which machine, as JSON keeps it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonplace.bench.row import Row

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Result:
    """One run: the day, the release, the machine, the plan and the rows."""

    day: str
    release: str
    machine: Mapping[str, Any]
    plan: Mapping[str, Any]
    rows: Sequence[Row]

    def to_json(self) -> str:
        """The text of the JSON file."""
        plain = {
            "format": FORMAT,
            "day": self.day,
            "release": self.release,
            "machine": dict(self.machine),
            "plan": dict(self.plan),
            "rows": [row.to_plain() for row in self.rows],
        }
        return json.dumps(_rounded(plain), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """The reverse of `to_json`. Raises `ValueError` for what is no result."""
        plain = json.loads(text)
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ValueError(f"this is no benchmark result of format {FORMAT}")
        rows = tuple(Row.from_plain(row) for row in plain["rows"])
        return cls(plain["day"], plain["release"], plain["machine"], plain["plan"], rows)


def _rounded(value: Any) -> Any:
    """Four significant digits: what is beyond them is noise, and noise makes long diffs."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(member) for member in value]
    return value
