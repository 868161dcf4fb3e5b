"""Neighbours: the folder `<path>-bells/`, where engines find each other."""

import os

from commonplace.storage.sqlite import faults
from commonplace.storage.sqlite.doorbell import Bells, hang_bells
from commonplace.storage.sqlite.presence import Presence, new_token


class Neighbours:
    """This engine's bell and presence, and those of the others on the same memory."""

    def __init__(self, path: str) -> None:
        folder = f"{path}-bells"
        try:
            os.makedirs(folder, exist_ok=True)
            token = new_token()
            self.presence = Presence(folder, token)
            self.presence.sweep()
            self.bells: Bells | None = hang_bells(folder, token)
        except OSError as error:
            raise faults.translate_os(error, folder) from error

    def close(self) -> None:
        """Be gone; idempotent."""
        if self.bells is not None:
            self.bells.close()
        self.presence.close()

    def disown(self) -> None:
        """In a forked child: drop the copies of the descriptors."""
        if self.bells is not None:
            self.bells.disown()
        self.presence.disown()
