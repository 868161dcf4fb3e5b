"""Operation: one way to change a value, with everything replay and decision need to know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from commonplace.core.access import Tier
from commonplace.core.verdict import Refusal

Apply = Callable[[Any, Mapping[str, Any], int], Any]
"""(value or None, arguments, the new version) to the new value, or a `Refusal`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A named change of a value; the name means the same in every rule, for ever.

    `tier`: the least access it takes. `needs_value`: `decide` must see the current value;
    without it the record is a delta that readers fold. `whole`: the result does not depend
    on the value before, so replay may begin here. `grows_bytes` is the growth of a value to
    which the operation only adds; what needs no value and is not whole must have it.
    `kills`: the result is a tombstone.
    """

    name: str
    tier: Tier
    apply: Apply
    needs_value: bool = True
    whole: bool = False
    kills: bool = False
    grows_bytes: Callable[[Mapping[str, Any]], int] | None = None

    @property
    def only_adds(self) -> bool:
        """Whether the result is the value before, with what `apply(None, ...)` gives behind it."""
        return self.grows_bytes is not None


def is_refusal(result: object) -> bool:
    """Whether `apply` refused."""
    return isinstance(result, Refusal)
