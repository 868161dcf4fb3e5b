"""Taking back: what a retraction or a supersession does to the value it speaks of.

Both are records in the history of their entry, under any rule. A *supersession* puts something
newer in the place of what was true when it was written. A *retraction* says that it never was:
what was built on it becomes suspect, and whoever was served it is told (`storage/programs`).

Worked example. Version 3 appended the lines `a`, `b`, named (3,0) and (3,1). Version 5 retracts
(3,1) with the replacement `B`: the text is (3,0) `a`, (5,0) `B`. Had another write taken `b` out
by then, the text would stay as it is, and the record alone says that `b` was wrong.
"""

from collections.abc import Mapping
from typing import Any

from commonplace.core.access import Tier
from commonplace.core.operation import Operation
from commonplace.core.text import made


def _take_back(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    """Named lines that still stand go; the replacement's stand where the first of them stood."""
    if not isinstance(value, tuple):
        return arguments.get("value") if arguments["current"] else value
    doomed = {tuple(name) for name in arguments["lines"]}
    at = next((n for n, line in enumerate(value) if line[:2] in doomed), None)
    if at is None:
        return value
    kept = tuple(line for line in value[at:] if line[:2] not in doomed)
    return value[:at] + made(arguments.get("text", ""), version) + kept


TAKING_BACK: Mapping[str, Operation] = {
    "retract": Operation("retract", Tier.OWNER, _take_back),
    "supersede": Operation("supersede", Tier.EDITOR, _take_back),
}
"""Each takes its tier, or having written every version that is taken back."""
