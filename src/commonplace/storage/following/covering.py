"""Covering: waiting until a copy holds what a read must see, in a thread and in an event loop."""

import time
from collections.abc import Callable

from commonplace import limits
from commonplace.storage.engine import Follower
from commonplace.storage.gate import AsyncWaiter, Waiter


def cover(follower: Follower, tenant: str, revision: int, until_s: float) -> None:
    """Wait until the copy holds a revision. Raises `FollowerBehind` at `until_s`."""
    if not follower.has(revision):
        wait_for(follower, tenant, lambda: follower.has(revision), until_s, f"revision {revision}")


async def cover_async(follower: Follower, tenant: str, revision: int, until_s: float) -> None:
    """`cover` for an event loop."""
    if not follower.has(revision):
        await wait_for_async(
            follower, tenant, lambda: follower.has(revision), until_s, f"revision {revision}"
        )


def wait_for(
    follower: Follower, tenant: str, holds: Callable[[], bool], until_s: float, wanted: str
) -> None:
    """Wait until something holds, which is looked at whenever the copy took up a commit."""
    waiter = Waiter(follower.local, tenant)
    try:
        while not holds():
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise follower.behind(wanted)
            waiter.wait(min(left_s, limits.BACKSTOP_S))
    finally:
        waiter.close()


async def wait_for_async(
    follower: Follower, tenant: str, holds: Callable[[], bool], until_s: float, wanted: str
) -> None:
    """`wait_for` for an event loop."""
    waiter = AsyncWaiter(follower.local, tenant)
    try:
        while not holds():
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise follower.behind(wanted)
            await waiter.wait(min(left_s, limits.BACKSTOP_S))
    finally:
        waiter.close()
