"""StateCache: entries a lane has just seen, kept only while a version proves them current.

Contracts and grants are good as long as the tenant's `access_revision` stands; values of
other entries as long as their row, which every batch loads anyway, shows the same version
and revision. Nothing is ever trusted because of its age.
"""

from collections import OrderedDict
from dataclasses import replace

from commonplace.core.state import MISSING, EntryState
from commonplace.model.entry import EntryKey

MAX_VALUES = 256
MAX_ACCESS = 65_536


class StateCache:
    """Decoded state of one engine. `clear` it whenever a batch did not commit.

    `unindexed_bytes` is what this process wrote to a tenant since the text index was carried on.
    """

    def __init__(self) -> None:
        self.unindexed_bytes: dict[str, int] = {}
        self._access: dict[str, tuple[int, dict[EntryKey, EntryState]]] = {}
        self._values: OrderedDict[tuple[str, EntryKey], EntryState] = OrderedDict()

    def clear(self) -> None:
        """Forget everything."""
        self._access.clear()
        self._values.clear()

    def access(self, tenant: str, access_revision: int) -> dict[EntryKey, EntryState]:
        """Contracts and grants (and their absence) as of `access_revision`; add to it freely."""
        held = self._access.get(tenant)
        if held is None or held[0] != access_revision or len(held[1]) > MAX_ACCESS:
            held = (access_revision, {})
            self._access[tenant] = held
        return held[1]

    def value(self, tenant: str, key: EntryKey, row: EntryState) -> EntryState | None:
        """The entry with its value, if `row` proves the one held current.

        Where its replay begins is taken from `row`: retention moves that without a version.
        """
        held = self._values.get((tenant, key))
        if held is None or (held.version, held.revision) != (row.version, row.revision):
            return None
        self._values.move_to_end((tenant, key))
        if (held.base_revision, held.base_index, held.base_light) == (
            row.base_revision,
            row.base_index,
            row.base_light,
        ):
            return held
        return replace(row, value=held.value)

    def keep(self, tenant: str, key: EntryKey, entry: EntryState) -> None:
        """Hold an entry whose value is known."""
        if entry.value is MISSING:
            return
        self._values[tenant, key] = entry
        self._values.move_to_end((tenant, key))
        if len(self._values) > MAX_VALUES:
            self._values.popitem(last=False)
