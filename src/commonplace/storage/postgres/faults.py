"""Faults: what PostgreSQL and the network report, as errors of ours with a next step."""

from typing import Final

from commonplace.errors import CommonplaceError, DamagedMemory, EngineUnavailable
from commonplace.storage.postgres.wire import Failed

AGAIN: Final = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # the tenant's row was not to be had in time
        "23505",  # another process founded this tenant in the same moment
        "0A000",  # a cached plan that a migration has overtaken
        "26000",  # a prepared statement that this session does not know
        "25006",  # a primary that became a standby
        "25P03",  # idle for too long inside a transaction
        "57P01",  # shut down, or the session was ended
        "57P02",  # another server process crashed
        "57P03",  # starting up
        "57P05",  # the session was idle for too long
    }
)
"""Failures after which nothing was written and the same may be tried again."""

ELSEWHERE: Final = AGAIN - {"40001", "40P01", "55P03", "23505"}
"""Those of them that this connection would report again, and another may be spared."""

_NEXT: Final = {
    "53100": "its disk is full. Free some space, then retry",
    "53200": "it is out of memory. Retry when there is more",
    "53300": "it has no connection left. Raise max_connections, put a pooler before it, or retry",
    "42501": "this role may not do that. Run `commonplace migrate` as the owner of the schema, "
    "which grants what is needed, or connect as a role that has it",
    "3D000": "there is no such database. Create it first",
    "28P01": "the password was not accepted",
    "28000": "this role may not connect",
    "57014": "the statement was cancelled. Retry",
    "55P03": "another process is writing. Retry, with a longer deadline if that is expected",
}


BUSY: Final = "55P03"
"""The tenant's row was not to be had in time."""


class InDoubt(Exception):
    """COMMIT was sent and its answer was lost. Internal to this engine."""


class NotHad(Exception):
    """Nothing was written, and the same may be tried again. Internal to this engine."""


class Busy(NotHad):
    """The tenant's row is somebody else's, and nothing was read. Internal to this engine."""


def translate(error: Failed, place: str) -> CommonplaceError:
    """The error for callers; whatever failed was rolled back."""
    if error.sqlstate in ("XX001", "XX002"):
        return DamagedMemory(
            f"Nothing was written: PostgreSQL says that {place} is damaged ({error}). Stop "
            "writing, keep a copy, and run `commonplace audit`.",
            path=place,
        )
    if error.sqlstate in AGAIN or error.sqlstate.startswith("08"):
        words = _NEXT.get(error.sqlstate, "it ended the session. Retry")
    else:
        words = _NEXT.get(error.sqlstate, "")
    if words:
        return EngineUnavailable(
            f"Nothing was written to {place}: {words}. ({error}; {error.sqlstate})", path=place
        )
    return EngineUnavailable(
        f"Nothing was written to {place}: PostgreSQL reported {error.sqlstate}: {error}. "
        "This is a defect of the library or of the database: run `commonplace audit`.",
        path=place,
    )


def unreachable(place: str, reason: str) -> EngineUnavailable:
    """The error for callers when there is no connection."""
    return EngineUnavailable(
        f"Nothing was written: {place} cannot be reached ({reason}). Check that the server runs "
        "and that the address is right, then retry.",
        path=place,
    )
