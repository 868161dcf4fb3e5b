"""Checkpoints: which of an entry's an erasure takes with it.

Those that hold what is erased, and those that could no longer be checked once the records before
them are gone. It is judged alike where an erasure is decided and wherever its record is applied,
so that a follower keeps no text and no doubt that its source does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from commonplace.core.lineage import puts
from commonplace.core.retention import stands_alone
from commonplace.core.taking_back import TAKING_BACK
from commonplace.storage.sealing import is_sealed


@dataclass(slots=True)
class Checkpoints:
    """The records of one entry, taken in order of version, and the checkpoints that must go.

    `blank` are the versions whose text goes, `destroyed` those whose bytes do; both may grow
    while records are taken. `gone` says of each checkpoint whether replay may begin there yet.
    """

    blank: set[int]
    destroyed: set[int]
    gone: list[tuple[int, int]] = field(default_factory=list)
    maker: int = 0
    first: int = 0
    _unchecked: bool = False

    def make(self, version: int, operation: str, arguments: Mapping[str, Any] | None) -> None:
        """Note whether a record made the value of a JSON entry: it is the maker then."""
        self.first = self.first or version
        if operation in {"put", "dispatch"} or (
            operation in TAKING_BACK and puts(operation, arguments)
        ):
            self.maker = version

    def pass_by(self, version: int, operation: str, *, dead: bool, lost: bool) -> None:
        """Go past a record: can what it leaves be checked; `lost` if its payload is missing."""
        if lost or version in self.destroyed:
            self._unchecked = True
        elif stands_alone(operation, dead):
            self._unchecked = False

    def judge(
        self, version: int, operation: str, *, dead: bool, checkpoint: bytes, value: Any
    ) -> None:
        """Judge the checkpoint of the record that was passed by last, which holds `value`."""
        sealed = is_sealed(checkpoint)
        goes = self._goes(version, operation, sealed=sealed, value=value)
        if goes:
            alone = stands_alone(operation, dead) or version == 1
            if version == self.first and not alone:
                # Nothing older is left to begin at: a reader must find that the bytes are gone.
                alone = True
                self.destroyed.add(version)
            if operation == "erase":
                self.destroyed.add(version)  # its payload holds the checkpoint's salt
            self.gone.append((version, int(alone)))
        if sealed:
            self._unchecked = goes

    def _goes(self, version: int, operation: str, *, sealed: bool, value: Any) -> bool:
        if isinstance(value, tuple):
            holds = any(line.version in self.blank for line in value)
        else:
            holds = self.maker in self.blank
        # One that can no longer be checked, against its own record or those before, goes too.
        promised = sealed and (operation != "erase" or version not in self.destroyed)
        return holds or (self._unchecked and not promised)
