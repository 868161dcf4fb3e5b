"""A crew on one memory, with blocks and a store that everybody edits: who built what on what."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from commonplace import Block, Memory, NamespacePrefix, Receipt, Retraction, Turn
from commonplace.core.reserved import contract_key
from commonplace.model.contract import Contract, RuleSpec
from commonplace.model.entry import EntryKey
from commonplace.model.retraction import Mark, Notices
from commonplace.storage.programs.taking_back.marking import statuses
from commonplace.storage.programs.taking_back.noticing import pending_notices
from commonplace.storage.proposal import Draft, draft
from commonplace.storage.step import Program

ACTORS = ("lead", "web", "ana", "wri")
SPACE = "task/q3"
BLOCKS = ("findings", "notes", "report")
STORE = "facts"
Tables = dict[str, list[Any]]
DERIVED = ("turn", "served", "refusal", "lineage", "taken_back", "suspect", "notice", "waiting")


class Crew:
    """The memory at `path`; `lead` owns the task, and the others are editors of it."""

    def __init__(self, path: Path | str, stack: ExitStack) -> None:
        self.path = path
        first = stack.enter_context(Memory(str(path), actor="lead"))
        self._of = {"lead": first}
        for actor in ACTORS[1:]:
            self._of[actor] = stack.enter_context(first.as_actor(actor))
        first.share({"lead": "owner"}, prefix=NamespacePrefix(()))
        task = first.create_task("q3", share=dict.fromkeys(ACTORS[1:], "editor"))
        for name in BLOCKS:
            task.create_block(name)
        contract = Contract("json", RuleSpec("last_writer_wins")).to_plain()
        self.commit("lead", draft(contract_key(SPACE, STORE), "create", {"contract": contract}))

    def __getitem__(self, actor: str) -> Memory:
        return self._of[actor]

    def block(self, actor: str, name: str = "findings") -> Block:
        return self._of[actor].task("q3").block(name)

    def commit(self, actor: str, *drafts: Draft) -> Sequence[Receipt]:
        return self._of[actor]._opened().commit(drafts)

    def append(self, actor: str, text: str, name: str = "findings", **options: Any) -> Receipt:
        return self.block(actor, name).append(text, **options)

    def put(
        self,
        actor: str,
        key: str,
        value: Any,
        *,
        based_on: Iterable[str] = (),
        turn: Turn | None = None,
    ) -> Receipt:
        options: Any = {"based_on": list(based_on), "turn": turn}
        session = self._of[actor]._opened()
        return session.change(EntryKey(SPACE, STORE, key), "put", {"value": value}, options)

    def delete(self, actor: str, key: str) -> Receipt:
        return self.commit(actor, draft(EntryKey(SPACE, STORE, key), "delete", {}))[0]

    def read(self, actor: str, program: Program[Any]) -> Any:
        return self._of[actor]._opened().read(program)

    def notices(self, actor: str, **options: Any) -> Notices:
        reader = self._of[actor]._opened().reader
        return self.read(actor, pending_notices(reader, actor, **options))

    def marks(self, name: str, key: str = "", actor: str = "lead") -> dict[int, list[str]]:
        """Of each version of an entry, what became of it, in words."""
        found = self._marks(name, key, actor)
        return {version: [_word(mark) for mark in marks] for version, marks in found.items()}

    def _marks(self, name: str, key: str, actor: str) -> dict[int, tuple[Mark, ...]]:
        reader = self._of[actor]._opened().reader
        return self.read(actor, statuses(reader, EntryKey(SPACE, name, key), range(1, 100)))

    def tables(self) -> Tables:
        """Every row of the derived tables."""
        return tables_of(self._of["lead"])

    def sql(self, statement: str, *bindings: Any) -> list[Any]:
        """Straight into the tables, past everything."""
        return _sql(self._of["lead"], statement, *bindings)


@contextmanager
def crew(path: Path | str = ":memory:") -> Iterator[Crew]:
    with ExitStack() as stack:
        yield Crew(path, stack)


def _word(mark: Mark) -> str:
    lines = "" if mark.lines is None else f" {sorted(mark.lines)}"
    by = "" if mark.edge is None else f" {mark.edge} {mark.depth}"
    return f"{mark.status}{by}{lines}"


def suspects(done: Retraction) -> list[str]:
    """What a retraction found, as `report@2 declared 1`."""
    return [
        f"{str(each.reference).removeprefix(f'{SPACE}:')} {each.edge} {each.depth}"
        for each in done.suspects
    ]


def tables_of(memory: Memory) -> Tables:
    """Every row of the derived tables of a memory, all its tenants."""
    return {table: sorted(_sql(memory, f"SELECT * FROM {table}")) for table in DERIVED}


def _sql(memory: Memory, statement: str, *bindings: Any) -> list[Any]:
    engine: Any = memory._opened().engine
    return engine._connections.writer.use(
        lambda driver: driver.connection.execute(statement, bindings).fetchall()
    )
