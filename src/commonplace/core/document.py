"""The document value: one JSON value under a key, replaced as a whole."""

from collections.abc import Mapping
from typing import Any

from commonplace.core.access import Tier
from commonplace.core.operation import Operation


def _put(value: Any, arguments: Mapping[str, Any], version: int) -> Any:
    return arguments["value"]


DOCUMENT_OPERATIONS: Mapping[str, Operation] = {
    "put": Operation("put", Tier.EDITOR, _put, needs_value=False, whole=True),
}
