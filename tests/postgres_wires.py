"""What tests of this engine share: memories reached through a wire that fails, and engines."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from commonplace.storage.postgres.engine import PostgresEngine
from commonplace.testing.proxy import Proxy
from groups import TENANT, creating

PATIENCE_S = 20.0


def through(proxy: Proxy, address: str) -> str:
    """The database at `address`, reached through the proxy."""
    user = urlsplit(address).netloc.rpartition("@")[0]
    return urlsplit(address)._replace(netloc=f"{user}@127.0.0.1:{proxy.port}").geturl()


@contextlib.contextmanager
def proxied(address: str) -> Iterator[Proxy]:
    """A wire to the server of `address`."""
    place = urlsplit(address)
    assert place.hostname is not None and place.port is not None
    with Proxy(place.hostname, place.port) as proxy:
        yield proxy


@contextlib.contextmanager
def opened(address: str, *, founded: bool = False) -> Iterator[PostgresEngine]:
    """An engine at `address`; `founded`: the block that `groups.appending` writes to is there."""
    engine = PostgresEngine(address)
    engine.open(create=True)
    try:
        if founded:
            engine.propose(creating(), PATIENCE_S)
        yield engine
    finally:
        engine.close()


def texts(engine: PostgresEngine) -> list[str]:
    """The texts that were appended, in the order of the log."""
    return [
        json.loads(record.body.payload)["text"]
        for record in engine.tail(TENANT, 0, 10_000)
        if record.operation == "append" and record.body is not None and record.body.payload
    ]


def until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until a condition holds."""
    end, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE_S:g} s: {what}"
        pause.wait(0.002)
