"""Chronicle: a long log made quickly, with the product's own chain and rows.

Nothing is decided and nobody waits: records are drafted, chained and stored a few thousand at a
time, so that a log of 50 million can be had within the hour or so. What stands there then is
what as many commits would have left, and the audit finds nothing wrong with it.
"""

import random
import time
from collections.abc import Iterator, Mapping
from itertools import accumulate, islice
from typing import Final

import commonplace
from commonplace.core.digest import link
from commonplace.core.fold import OPERATIONS, step_after
from commonplace.core.state import MISSING, EntryState
from commonplace.model.actor import Actor
from commonplace.model.entry import EntryKey
from commonplace.model.record import Body, Header, Record
from commonplace.storage.programs import reading
from commonplace.storage.programs.indexing import catch_up
from commonplace.storage.proposal import draft, group_of
from commonplace.storage.registry import acquire, release
from commonplace.storage.rows import entry_row, log_row
from commonplace.storage.step import Program, Statement

TENANT: Final = "default"
ACTOR: Final = "bench"
_TASK: Final = "chronicle"
_BLOCKS: Final = 10
_REWRITE_EVERY: Final = 32
_BATCH: Final = 4096
_DEADLINE_S: Final = 3600.0
_SEED: Final = 11
_WORDS: Final = 20_000
_LETTERS: Final = "etaoinsrhldcumfpgwybvkxjqz"
"""The commonest first, as in English."""


def vocabulary() -> list[str]:
    """Made-up words, the commonest first; always the same."""
    chance, weights = random.Random(_SEED), [1 / (rank + 3) for rank in range(len(_LETTERS))]
    words: dict[str, None] = {}
    while len(words) < _WORDS:
        words["".join(chance.choices(_LETTERS, weights, k=chance.randint(2, 10)))] = None
    return sorted(words, key=len)


def sentences(seed: int = _SEED) -> Iterator[str]:
    """Sentences for ever: of 6 to 20 words, common and rare as in a language, and a number."""
    chance, words = random.Random(seed), vocabulary()
    weights = list(accumulate(1 / (rank + 10) for rank in range(_WORDS)))
    number = 0
    while True:
        number += 1
        said = chance.choices(words, cum_weights=weights, k=chance.randint(6, 20))
        yield f"{' '.join(said)} {number}."


def make_chronicle(address: str, revisions: int, samples: int) -> list[str]:
    """A memory with a log of `revisions` sentences, indexed; some of them, oldest first."""
    with commonplace.Memory(address, actor=ACTOR) as memory:
        task = memory.create_task(_TASK)
        for number in range(_BLOCKS):
            task.create_block(f"text-{number}").append("Begun.")
    engine = acquire(address, create=False)
    try:
        keys = [EntryKey(f"task/{_TASK}", f"text-{number}") for number in range(_BLOCKS)]
        now = engine.read(TENANT, reading.standing(TENANT))
        scribe = _Scribe(now, engine.read(TENANT, _states(keys)))
        left, kept = revisions - now.revision, list[str]()
        every = max(1, left // samples)
        source = enumerate(islice(sentences(), max(0, left)))
        while batch := list(islice(source, _BATCH)):
            kept += (text for number, text in batch if number % every == every // 2)
            records = [scribe.write(keys[number % _BLOCKS], text) for number, text in batch]
            engine.execute(TENANT, scribe.store(records), _DEADLINE_S)
            while engine.execute(TENANT, catch_up(TENANT), _DEADLINE_S):
                pass
        return kept[:samples]
    finally:
        release(engine)


def _states(keys: list[EntryKey]) -> Program[dict[EntryKey, EntryState]]:
    return (yield from reading.entries(TENANT, keys))


class _Scribe:
    """Makes one record after the other, as a commit would, from where a tenant stands."""

    def __init__(self, now: reading.Standing, entries: Mapping[EntryKey, EntryState]) -> None:
        self._revision, self._digest = now.revision, now.digest
        self._access_revision = now.access_revision
        self._at_us = max(now.at_us, time.time_ns() // 1000)
        self._entries = dict(entries)
        self._actor = Actor(ACTOR)

    def write(self, key: EntryKey, text: str) -> tuple[Record, bool]:
        """The record of one write to an entry, and whether replay may begin at it."""
        before = self._entries[key]
        whole = before.version % _REWRITE_EVERY == 0
        name = "rewrite" if whole else "append"
        expect = before.version if whole else None
        group = group_of(TENANT, self._actor, (draft(key, name, {"text": text}, expect=expect),))
        (write,) = group.writes
        self._revision += 1
        self._at_us += 1
        size = len(text.encode()) + 1 + (0 if whole else before.size_bytes)
        after = self._entries[key] = step_after(
            before,
            OPERATIONS[name],
            payload_bytes=len(write.payload),
            revision=self._revision,
            index=0,
            value=MISSING,
            size_bytes=size,
        )
        header = Header(
            *(self._revision, 0, self._at_us, self._actor, group.key, key, after.version, name),
            *(write.kind, (), "", "", False, size, write.commitment),
        )
        self._digest = link(self._digest, header)
        return Record(*header, self._digest, Body(write.salt, write.payload, write.reason)), whole

    def store(self, records: list[tuple[Record, bool]]) -> Program[None]:
        """Put what was made into the tables."""
        end = (TENANT, self._revision, self._digest, self._at_us, self._access_revision)
        yield (
            Statement("begin_write"),
            Statement("log_insert", [log_row(TENANT, *each, None) for each in records]),
            Statement(
                "entry_update",
                [entry_row(TENANT, key, entry) for key, entry in self._entries.items()],
            ),
            Statement("tenant_advance", [end]),
            Statement("commit"),
        )
