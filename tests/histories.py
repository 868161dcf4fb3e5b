"""Histories: memories with something in them, for tests of what is done to whole logs."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commonplace.core import access
from commonplace.core.reserved import CURSORS, NAMESPACE, contract_key
from commonplace.core.verdict import Accepted
from commonplace.model.actor import Actor
from commonplace.model.contract import Contract, RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.model.receipt import Receipt
from commonplace.storage.cache import StateCache
from commonplace.storage.programs import listing, reading
from commonplace.storage.programs.reading import END_OF_COMMIT, Found, Reader
from commonplace.storage.programs.upkeep.auditing import examine
from commonplace.storage.programs.upkeep.author import Author
from commonplace.storage.proposal import Draft, draft, group_of
from commonplace.storage.sqlite.driver import Driver
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.step import Program

TENANT = "acme"
ME = Actor("ann")
SPACE = "task/q3"
BLOCK = EntryKey(SPACE, "findings")
NOTES = EntryKey(SPACE, "notes")
FACT = EntryKey(SPACE, "facts", "acme")
DEADLINE_S = 60.0
IN_MEMORY = ":memory:"


class Memory:
    """An engine with one tenant, one namespace, two blocks and a store, all Ann's."""

    def __init__(self, path: Path | str, *, found: bool = True) -> None:
        self.path = str(path)
        self.now_us = 1_700_000_000_000_000
        self.engine = SqliteEngine(self.path, clock_us=self._tick)
        self.engine.open(create=True)
        self.reader = Reader(TENANT, ME.name, StateCache())
        self.author = Author(self.reader, ME, self._tick)
        if found:
            self.found()

    def _tick(self) -> int:
        self.now_us += 1000
        return self.now_us

    def found(self) -> None:
        owner = {"tier": "owner", "history": True}
        for space in (access.TENANT, SPACE):
            self.commit(
                draft(EntryKey(space, NAMESPACE, ""), "found", {}),
                draft(access.namespace_grant(space, ME.name), "grant", owner),
            )
        for key in (BLOCK, NOTES):
            self.create(key, "text", "text_block")
        self.create(FACT, "json", "last_writer_wins")

    def create(self, key: EntryKey, holds: Any, rule: str) -> None:
        contract = Contract(holds, RuleSpec(rule)).to_plain()
        where = contract_key(key.namespace, key.region)
        self.commit(draft(where, "create", {"contract": contract}))

    def commit(self, *drafts: Draft) -> Receipt:
        verdict = self.engine.propose(group_of(TENANT, ME, drafts), DEADLINE_S)
        assert isinstance(verdict, Accepted), verdict
        return verdict.receipts[-1]

    def write(self, key: EntryKey, operation: str, **arguments: Any) -> Receipt:
        options = {
            name: arguments.pop(name)
            for name in ("expect", "reason", "based_on")
            if name in arguments
        }
        return self.commit(draft(key, operation, arguments, **options))

    def append(self, text: str, key: EntryKey = BLOCK, **options: Any) -> Receipt:
        return self.write(key, "append", text=text, **options)

    def put(self, value: Any, key: EntryKey = FACT, **options: Any) -> Receipt:
        return self.write(key, "put", value=value, **options)

    def cursor(self, position: int, name: str = "digest", **more: Any) -> Receipt:
        return self.write(EntryKey(SPACE, CURSORS, name), "move", position=position, **more)

    def execute(self, program: Program[Any]) -> Any:
        return self.engine.execute(TENANT, program, DEADLINE_S)

    def read(self, key: EntryKey = BLOCK) -> Found:
        return self.engine.read(TENANT, reading.read_entry(self.reader, key))

    def read_at(self, revision: int, key: EntryKey = BLOCK, place: int = END_OF_COMMIT) -> Found:
        return self.engine.read(TENANT, reading.read_entry_at(self.reader, key, revision, place))

    def history(self, key: EntryKey = BLOCK) -> Sequence[Any]:
        return self.engine.read(TENANT, listing.history(self.reader, key, 10_000))[::-1]

    @property
    def head(self) -> Any:
        return self.engine.position(TENANT)

    def audit(self, expect: Any = None) -> Any:
        return self.engine.read(TENANT, examine(TENANT, expect))

    def assert_sound(self) -> None:
        report = self.audit()
        assert report.ok, [str(finding) for finding in report.findings]

    def all_values(self, revision: int) -> dict[EntryKey, Any]:
        """What every entry holds at a revision, or the error it gives."""
        found: dict[EntryKey, Any] = {}
        for namespace, region, key in self.sql("SELECT namespace, region, key FROM entry"):
            entry = EntryKey(namespace, region, key)
            try:
                got = self.read_at(revision, entry)
                found[entry] = (got.version, got.revision, got.dead, repr(got.value))
            except Exception as error:
                found[entry] = type(error).__name__
        return found

    def sql(self, statement: str, *bindings: Any) -> list[Any]:
        """Straight into the tables, past everything."""

        def run(driver: Driver) -> list[Any]:
            return driver.connection.execute(statement, bindings).fetchall()

        return self.engine._connections.writer.use(run)

    def raw(self) -> bytes:
        """Every byte of the file and of its write-ahead log."""
        found = Path(self.path).read_bytes()
        for suffix in ("-wal", "-shm"):
            beside = Path(self.path + suffix)
            found += beside.read_bytes() if beside.exists() else b""
        return found

    def close(self) -> None:
        self.engine.close()


@contextmanager
def opened(path: Path | str, *, found: bool = True) -> Iterator[Memory]:
    memory = Memory(path, found=found)
    try:
        yield memory
    finally:
        memory.close()


def stopped(memory: Memory, program: Program[Any], steps: int) -> bool:
    """Run a program for so many steps and abandon it; whether it had ended before."""

    def part() -> Program[Any]:
        answer: Any = None
        for _ in range(steps):
            try:
                step = program.send(answer)
            except StopIteration:
                return True
            answer = yield step
        raise KeyboardInterrupt

    try:
        return memory.execute(part())
    except KeyboardInterrupt:
        return False


def busy(memory: Memory, seed: int = 0, writes: int = 120) -> None:
    """Writes of every kind, in an order the seed sets."""
    chance = random.Random(seed)
    for number in range(writes):
        _SOME[chance.randrange(len(_SOME))](memory, number, chance)


def _append(memory: Memory, number: int, chance: random.Random) -> None:
    key = chance.choice((BLOCK, NOTES))
    text = "\n".join(f"line {number}.{part} {'x' * chance.randrange(60)}" for part in range(3))
    memory.append(text, key, reason=f"because of {number}")


def _replace(memory: Memory, number: int, chance: random.Random) -> None:
    lines = [line.text for line in memory.read(BLOCK).value or ()]
    once = [line for line in lines if "\n".join(lines).count(line) == 1]
    if once:
        memory.write(BLOCK, "replace", old=chance.choice(once), new=f"changed by {number}")


def _rewrite(memory: Memory, number: int, chance: random.Random) -> None:
    version = memory.read(NOTES).version
    memory.write(NOTES, "rewrite", text=f"all new {number}\nand more", expect=version)


def _condense(memory: Memory, number: int, chance: random.Random) -> None:
    version = memory.read(BLOCK).version
    if version > 3:
        memory.write(BLOCK, "condense", text=f"summed up {number}", through=version - 2)


def _put(memory: Memory, number: int, chance: random.Random) -> None:
    key = FACT._replace(key=f"k{chance.randrange(5)}")
    memory.put({"n": number, "words": ["a", "b"]}, key, based_on=[BLOCK.reference(1)])


def _delete(memory: Memory, number: int, chance: random.Random) -> None:
    key = FACT._replace(key=f"k{chance.randrange(5)}")
    found = memory.read(key)
    if found.version and not found.dead:
        memory.write(key, "delete", expect=found.version)


def _group(memory: Memory, number: int, chance: random.Random) -> None:
    memory.commit(
        draft(BLOCK, "append", {"text": f"together {number}"}),
        draft(BLOCK, "append", {"text": f"and again {number}"}),
        draft(FACT._replace(key="k9"), "put", {"value": number}),
    )


_SOME: list[Callable[[Memory, int, random.Random], None]] = [
    *[_append] * 6,
    _replace,
    _rewrite,
    _condense,
    *[_put] * 2,
    _delete,
    _group,
]
