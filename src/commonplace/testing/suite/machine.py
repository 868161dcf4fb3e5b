"""All guarantees at once: random operations of several actors, compared with the oracle.

Hypothesis drives a memory and the oracle side by side, one call at a time, and shrinks what
makes them differ. Every call must end the same way on both (same code, or same revision and
version), and everything that can be read must read the same, at the head and in the past.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from commonplace import Block, Memory, Receipt, errors
from commonplace.testing.harness import Harness
from commonplace.testing.oracle import Block as Expected
from commonplace.testing.oracle import Call, No, Oracle
from commonplace.testing.suite.stage import OWNER, TASK, Stage

BLOCKS = ("notes", "plan")
ACTORS = (OWNER, "editor", "helper", "guest")
WORDS = ("alpha", "beta", "gamma")

_actors = st.sampled_from(ACTORS)
_mostly_owners = st.sampled_from((OWNER, OWNER, OWNER, "editor", "guest"))
_blocks = st.sampled_from(BLOCKS)
_words = st.sampled_from(WORDS)
_texts = st.lists(
    st.lists(_words, min_size=1, max_size=2).map(" ".join), min_size=1, max_size=3
).map("\n".join)
_behind = st.integers(min_value=0, max_value=3)
"""How far a caller's version is behind the newest: most are current, some are stale."""


class Comparison(RuleBasedStateMachine):
    """A memory and an oracle, told the same things."""

    harness: Harness

    @initialize()
    def begin(self) -> None:
        """Found the memory, open it for everybody, and let the oracle stand where it stands."""
        self.stage = Stage(self.harness, {"editor": "editor", "helper": "contributor"})
        for name in BLOCKS:
            self.stage.task.create_block(name)
        self.memories = {actor: self.stage.open(actor) for actor in ACTORS if actor != OWNER}
        self.memories[OWNER] = self.stage.owner
        self.start = self.stage.head
        self.oracle = Oracle(OWNER, {name: Expected() for name in BLOCKS}, self.start)
        self.oracle.grants |= {("", "editor"): ("editor", 0), ("", "helper"): ("contributor", 0)}
        self.oracle.grants |= {(name, OWNER): ("owner", 0) for name in BLOCKS}
        self.sent: list[tuple[str, list[Call], str]] = []
        self.keys = 0

    # --- saying the same to both ------------------------------------------------------------

    def _both(self, real: Callable[[], Any], expected: Callable[[], Any], what: str) -> None:
        """Make the call on both and compare how it ended."""
        try:
            wanted, code = expected(), ""
        except No as no:
            wanted, code = None, no.code
        try:
            got = real()
        except errors.CommonplaceError as error:
            assert error.code == code, f"{what}: {error!r}; the oracle says {code or wanted}"
            return
        assert not code, f"{what} ended well; the oracle refuses it: {code}"
        if wanted is not None:
            assert got == wanted, f"{what}: {got}; the oracle says {wanted}"

    def _write(self, actor: str, calls: list[Call], *, key: str = "", guard: Any = None) -> None:
        memory = self.memories[actor]
        if not key:
            self.keys += 1
            key = f"key-{self.keys}"
        guards = {} if guard is None else dict([guard])
        if len({call.block for call in calls}) != len(calls):
            return  # one write per block and group keeps the versions easy to say
        self._both(
            lambda: _places(_send(memory, calls, key, guards)),
            lambda: self.oracle.commit(actor, calls, guards=guards, key=key),
            f"{actor}: {calls} under {key}, guards {guards}",
        )
        self.sent.append((actor, calls, key))

    def _version(self, block: str, behind: int) -> int:
        return max(self.oracle.blocks[block].version - behind, 0)

    # --- writes -----------------------------------------------------------------------------

    @rule(actor=_actors, block=_blocks, text=_texts)
    def append(self, actor: str, block: str, text: str) -> None:
        self._write(actor, [Call("append", block, text)])

    @rule(actor=_actors, block=_blocks, text=_texts, anchor=_words)
    def insert(self, actor: str, block: str, text: str, anchor: str) -> None:
        self._write(actor, [Call("insert", block, text, anchor)])

    @rule(actor=_actors, block=_blocks, text=_texts, data=st.data(), behind=_behind)
    def insert_at(
        self, actor: str, block: str, text: str, data: st.DataObject, behind: int
    ) -> None:
        lines = len(self.oracle.blocks[block].lines or ())
        after = data.draw(st.integers(min_value=0, max_value=lines))
        expect = self._version(block, behind)
        self._write(actor, [Call("insert", block, text, after, expect)])

    @rule(actor=_actors, block=_blocks, old=_words, new=_texts, data=st.data(), behind=_behind)
    def replace(
        self, actor: str, block: str, old: str, new: str, data: st.DataObject, behind: int
    ) -> None:
        lines = [line.text for line in self.oracle.blocks[block].lines or ()]
        anchor = data.draw(st.sampled_from([old, *lines, "\n".join(lines[:2]) or old]))
        expect = self._version(block, behind) if data.draw(st.booleans()) else None
        self._write(actor, [Call("replace", block, new, anchor or old, expect)])

    @rule(actor=_mostly_owners, block=_blocks, text=_texts, behind=_behind)
    def rewrite(self, actor: str, block: str, text: str, behind: int) -> None:
        self._write(actor, [Call("rewrite", block, text, expect=self._version(block, behind))])

    @rule(block=_blocks, text=_texts)
    def rewrite_blindly(self, block: str, text: str) -> None:
        self._write(OWNER, [Call("rewrite", block, text)])

    @rule(actor=_mostly_owners, block=_blocks, text=_texts, behind=st.integers(-1, 4))
    def condense(self, actor: str, block: str, text: str, behind: int) -> None:
        through = max(self.oracle.blocks[block].version - behind, 0)
        self._write(actor, [Call("condense", block, text, through)])

    @rule(actor=_mostly_owners, block=_blocks, behind=_behind)
    def delete(self, actor: str, block: str, behind: int) -> None:
        self._write(actor, [Call("delete", block, expect=self._version(block, behind))])

    @rule(actor=st.sampled_from((OWNER, "editor")), block=_blocks, line=_texts)
    def update(self, actor: str, block: str, line: str) -> None:
        def change(text: str) -> str:
            return f"{line}\n{text}" if text else line

        self._write(actor, [Call("update", block, change=change)])

    @rule(actor=_actors, texts=st.tuples(_texts, _words, _texts), behind=_behind)
    def group(self, actor: str, texts: tuple[str, str, str], behind: int) -> None:
        expect = self._version("notes", behind)
        self._write(
            actor,
            [
                Call("append", "plan", texts[0]),
                Call("replace", "notes", texts[2], texts[1], expect),
            ],
        )

    @rule(actor=_actors, block=_blocks, text=_texts, guarded=_blocks, behind=_behind)
    def guarded(self, actor: str, block: str, text: str, guarded: str, behind: int) -> None:
        guard = (guarded, self._version(guarded, behind))
        self._write(actor, [Call("append", block, text)], guard=guard)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        actor, calls, key = data.draw(st.sampled_from(self.sent))
        if any(call.operation == "update" for call in calls):
            return  # its retry is a test of its own: the function is shown another text
        self._write(actor, calls, key=key)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), text=_texts)
    def reuse_key(self, data: st.DataObject, text: str) -> None:
        actor, _, key = data.draw(st.sampled_from(self.sent))
        self._write(actor, [Call("append", "notes", f"{text} again")], key=key)

    # --- access -----------------------------------------------------------------------------

    @rule(
        by=st.sampled_from((OWNER, "editor")),
        actor=st.sampled_from(("helper", "guest")),
        tier=st.sampled_from(("reader", "contributor", "editor", "owner")),
        block=st.sampled_from(("", *BLOCKS)),
        history=st.booleans(),
    )
    def share(self, by: str, actor: str, tier: str, block: str, history: bool) -> None:
        scope = self.memories[by].task(TASK)
        self._both(
            lambda: _none(scope.share({actor: tier}, region=block or None, history=history)),
            lambda: self.oracle.share(by, actor, tier, block, history),
            f"{by} shares {block or 'all'} with {actor}: {tier}, history {history}",
        )

    @rule(actor=st.sampled_from(("helper", "guest")), block=st.sampled_from(("", *BLOCKS)))
    def unshare(self, actor: str, block: str) -> None:
        self._both(
            lambda: _none(self.stage.task.unshare(actor, region=block or None)),
            lambda: self.oracle.unshare(OWNER, actor, block),
            f"owner takes {block or 'all'} back from {actor}",
        )

    # --- reads ------------------------------------------------------------------------------

    @rule(actor=_actors, block=_blocks, back=st.integers(min_value=0, max_value=12))
    def read_past(self, actor: str, block: str, back: int) -> None:
        at = max(self.oracle.revision - back, self.start)
        self._both(
            lambda: _state(self.memories[actor].at(at).task(TASK).block(block).read()),
            lambda: _expected(self.oracle.read(actor, block, at)),
            f"{actor} reads {block} at r{at}",
        )

    @precondition(lambda self: self.harness.durable)
    @rule()
    def reopen(self) -> None:
        """Everybody leaves and comes back: what they know now comes from the disk alone."""
        self.stage.close()
        self.stage = Stage.reopened(self.harness, self.stage.address)
        self.memories = {actor: self.stage.open(actor) for actor in ACTORS if actor != OWNER}
        self.memories[OWNER] = self.stage.owner

    @rule(back=st.integers(min_value=0, max_value=8))
    def compact(self, back: int) -> None:
        """Retention makes records of its own: the oracle takes the head from the memory."""
        floor = max(self.oracle.revision - back, self.oracle.floor, self.start)
        self.stage.owner.compact(floor)
        self.oracle.compact(floor, self.stage.head)

    @rule(actor=_actors, block=_blocks)
    def read_history(self, actor: str, block: str) -> None:
        self._both(
            lambda: [
                (r.revision, r.version, r.operation, r.actor.name)
                for r in self._block(actor, block).history(limit=1000)
            ],
            lambda: [
                (w.revision, w.version, w.operation, w.actor)
                for w in self.oracle.history(actor, block)
            ],
            f"{actor} reads the history of {block}",
        )

    @rule(back=st.integers(min_value=0, max_value=12))
    def watch(self, back: int) -> None:
        after = max(self.oracle.revision - back, self.oracle.floor, self.start)
        with self.stage.task.watch(after=after, timeout_s=0) as watch:
            seen = [
                (n.revision, [(c.reference.region, c.new_version, c.operation) for c in n.changes])
                for n in watch
            ]
        wanted = [
            (revision, [(w.block, w.version, w.operation) for w in written])
            for revision, written in self.oracle.watched(after)
        ]
        assert seen == wanted, f"after r{after} the watch gave {seen}; the oracle {wanted}"

    @invariant()
    def heads_are_equal(self) -> None:
        """The head and both blocks are the same on both sides, for everybody."""
        if not hasattr(self, "oracle"):
            return
        assert self.stage.head == self.oracle.revision
        for actor in ACTORS:
            for name in BLOCKS:
                self._compare_head(actor, name)

    def _compare_head(self, actor: str, name: str) -> None:
        self._both(
            lambda: _state(self._block(actor, name).read()),
            lambda: _expected(self.oracle.read(actor, name)),
            f"{actor} reads {name}",
        )

    def teardown(self) -> None:
        """At the end the chain is whole, and the state is what the log says."""
        if hasattr(self, "stage"):
            with contextlib.closing(self.stage):
                report = self.stage.owner.audit()
                assert report.ok, report.findings

    def _block(self, actor: str, name: str) -> Block:
        return self.memories[actor].task(TASK).block(name)


def _send(
    memory: Memory, calls: list[Call], key: str, guards: dict[str, int]
) -> tuple[Receipt, ...]:
    pairs = tuple((f"task/{TASK}:{name}", version) for name, version in guards.items())
    if len(calls) == 1:
        return (_call(memory, calls[0], {"idempotency_key": key, "guards": pairs}),)
    with memory.atomic(guards=pairs, key=key) as group:
        for call in calls:
            _call(memory, call, {})
    return group.receipts


def _call(memory: Memory, call: Call, options: Any) -> Receipt:
    block = memory.task(TASK).block(call.block)
    match call.operation:
        case "append":
            return block.append(call.text, **options)
        case "insert":
            return block.insert(call.text, after=call.old, expect=call.expect, **options)
        case "replace":
            return block.replace(str(call.old), call.text, expect=call.expect, **options)
        case "rewrite":
            return block.rewrite(call.text, expect=call.expect, **options)
        case "condense":
            return block.condense(call.text, through=int(call.old), **options)
        case "delete":
            return block.delete(expect=call.expect, **options)
    assert call.operation == "update" and call.change is not None
    return block.update(call.change, **options)


def _none(receipt: Receipt) -> None:
    """A share's receipt tells nothing that the oracle could compare."""


def _places(receipts: tuple[Receipt, ...]) -> list[tuple[int, int]]:
    return [(receipt.revision, receipt.version) for receipt in receipts]


def _state(entry: Any) -> tuple[Any, ...]:
    lines = [(line.version, line.text) for line in entry.lines]
    return entry.version, entry.revision, entry.exists, entry.text, lines


def _expected(block: Expected) -> tuple[Any, ...]:
    lines = [(line.version, line.text) for line in block.lines or ()]
    return block.version, block.revision, block.lines is not None, block.text, lines


def compare(harness: Harness, *, examples: int, steps: int) -> None:
    """Run the state machine against a harness."""
    machine = type("Comparison", (Comparison,), {"harness": harness})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_operations_agree_with_the_oracle(harness: Harness) -> None:
    # Where each commit waits for a disk, fewer; the same operations come first in both.
    compare(harness, examples=15 if harness.durable else 50, steps=25)


@pytest.mark.soak
def test_many_random_operations_agree_with_the_oracle(harness: Harness) -> None:
    compare(harness, examples=1000, steps=50)
