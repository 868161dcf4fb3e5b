import math

import pytest

from commonplace.bench import peer
from commonplace.bench.plan import Plan
from commonplace.bench.suite import SUITE

NEEDS_PEER = {"agents", "listing"}


def tiny(folder):
    return Plan(
        folder,
        rounds=2,
        seconds=0.05,
        reads=20,
        writes=10,
        history=1_200,
        short_history=600,
        names=20,
        updates=2,
        thought_s=0.001,
    )


@pytest.mark.parametrize("name", SUITE)
def test_every_group_of_rows_can_be_measured(name, tmp_path):
    rows = SUITE[name](tiny(tmp_path))
    assert rows
    assert rows[0].parts
    for row in rows:
        assert all(math.isfinite(value) for value in row.parts.values())
        if name in NEEDS_PEER and not peer.is_installed():
            assert row.value is None
            assert "commonplace[bench]" in row.note
        else:
            assert row.value is not None
            assert row.value > 0


def test_the_peer_is_asked_to_be_as_durable_as_a_memory(tmp_path):
    if not peer.is_installed():
        pytest.skip("the extra `bench` is not installed")
    with peer.opened(tmp_path / "peer.db") as store:
        assert store.conn.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert store.conn.execute("PRAGMA synchronous").fetchone() == (2,)
