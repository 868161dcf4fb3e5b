"""Upkeep of all kinds in any order, between writes of all kinds: reads do not change."""

import random
from pathlib import Path

import pytest

from commonplace.storage.programs.upkeep.archive import archive
from commonplace.storage.programs.upkeep.erasure import erase
from commonplace.storage.programs.upkeep.retention import compact
from commonplace.storage.programs.upkeep.transfer import export_log, import_log
from histories import BLOCK, FACT, IN_MEMORY, NOTES, TENANT, Memory, busy, opened


def _erase(memory: Memory, folder: Path, chance: random.Random) -> None:
    key = chance.choice((BLOCK, NOTES, FACT._replace(key="k1")))
    version = memory.read(key).version
    if version:
        some = chance.sample(range(1, version + 1), min(version, chance.randrange(1, 4)))
        memory.execute(erase(memory.author, key, None if chance.random() < 0.1 else some))


def _compact(memory: Memory, folder: Path, chance: random.Random) -> None:
    head = memory.head.revision
    floor = chance.randrange(memory.audit().floor, head + 1)
    before = {at: memory.all_values(at) for at in {floor, (floor + head) // 2, head}}
    memory.execute(compact(memory.author, floor))
    for at, values in before.items():
        found = memory.all_values(at)
        assert {key: found[key] for key in values} == values, at


def _archive(memory: Memory, folder: Path, chance: random.Random) -> None:
    floor = memory.audit().floor
    if floor:
        before = {at: memory.all_values(at) for at in (floor, memory.head.revision)}
        path = folder / f"archive-{memory.head.revision}"
        memory.execute(archive(memory.author, chance.randrange(1, floor + 1), str(path)))
        for at, values in before.items():
            found = memory.all_values(at)
            assert {key: found[key] for key in values} == values, at


def _transfer(memory: Memory, folder: Path, chance: random.Random) -> None:
    path, again = (folder / f"{name}-{memory.head.revision}" for name in ("export", "again"))
    memory.engine.read(TENANT, export_log(memory.reader, str(path)))
    with opened(IN_MEMORY, found=False) as other:
        other.execute(import_log(other.reader, str(path)))
        other.assert_sound()
        for at in (memory.audit().floor, memory.head.revision):
            assert other.all_values(at) == memory.all_values(at)
        other.engine.read(TENANT, export_log(other.reader, str(again)))
        assert again.read_bytes() == path.read_bytes()


def _live(folder: Path, seed: int) -> None:
    chance = random.Random(seed)
    with opened(IN_MEMORY) as memory:
        for _ in range(12):
            busy(memory, chance.randrange(10**6), chance.randrange(3, 25))
            chance.choice((_erase, _erase, _compact, _compact, _archive, _transfer))(
                memory, folder, chance
            )
            memory.assert_sound()


@pytest.mark.parametrize("seed", range(6))
def test_upkeep_in_any_order(tmp_path: Path, seed: int) -> None:
    _live(tmp_path, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_upkeep_in_any_order_for_long(tmp_path: Path, seed: int) -> None:
    _live(tmp_path, seed)
