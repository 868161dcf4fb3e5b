"""Replaying fast gives what replaying plainly gives."""

import json
import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from commonplace.core.replay import Replay
from commonplace.core.rules import TextBlock
from commonplace.core.state import MISSING
from commonplace.model.write import Write
from deciding import Tenant, append, block, write
from properties import prove

FINDINGS = block()
texts = st.text("ab\né", max_size=5)
counts = st.integers(0, 6)
steps = st.one_of(
    texts.map(append),
    st.builds(lambda old, new: write(FINDINGS, "replace", old=old, new=new), texts, texts),
    st.builds(lambda t, n: write(FINDINGS, "condense", text=t, through=n), texts, counts),
    st.builds(lambda t: write(FINDINGS, "rewrite", text=t), texts),
    st.builds(lambda n: write(FINDINGS, "erase", versions=[n], current=True), st.integers(1, 6)),
    st.just(write(FINDINGS, "delete")),
)  # fmt: skip


@prove
@given(st.lists(steps, max_size=12), st.integers(0, 11))
def test_replay_agrees_with_what_was_decided(script: list[Write], lost: int) -> None:
    tenant = Tenant().with_block("findings", TextBlock())
    whole, holed = Replay(), Replay()
    for step in script:
        count = len(tenant.log)
        expect = tenant.entry(FINDINGS).version if step.operation in {"rewrite", "delete"} else None
        tenant.propose("lead", replace(step, expect=expect))
        for record in tenant.log[count:]:
            assert record.body is not None
            arguments = json.loads(record.body.payload or b"")
            whole.take(record.operation, arguments, record.version, record.dead)
            gone = record.version == lost
            holed.take(record.operation, None if gone else arguments, record.version, record.dead)
            entry = tenant.entry(FINDINGS)
            assert whole.value == entry.value
            assert whole.text_bytes in {entry.size_bytes, None}
            assert holed.value is MISSING or holed.value == entry.value


def test_appends_are_replayed_without_copying_the_text_each_time() -> None:
    replay = Replay()
    started = time.process_time()
    for version in range(1, 30_001):
        replay.step("append", {"text": "line"}, version)
    assert time.process_time() - started < 2.0
    assert len(replay.value) == 30_000
