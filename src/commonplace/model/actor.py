"""Actor: who writes, and how strong the claim to that name is."""

from dataclasses import dataclass
from enum import StrEnum

from commonplace.model.names import check_name


class Identity(StrEnum):
    """How an actor's name came to us, strongest first.

    `authenticated`: proved to a server. `host`: vouched for by the operating system.
    `declared`: said by the program itself. `unknown`: nobody said.
    """

    AUTHENTICATED = "authenticated"
    HOST = "host"
    DECLARED = "declared"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Actor:
    """An agent, a human or a service, by name. Access is granted to names."""

    name: str
    identity: Identity = Identity.DECLARED

    def __post_init__(self) -> None:
        check_name(self.name, "actor")

    def __str__(self) -> str:
        return self.name
