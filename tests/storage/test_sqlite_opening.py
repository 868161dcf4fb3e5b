import os
import socket
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from commonplace.core.verdict import Accepted
from commonplace.errors import (
    CommonplaceError,
    EngineUnavailable,
    NewerSchema,
    NotAMemory,
    NotFound,
    UnsafeStorage,
)
from commonplace.storage.address import open_engine
from commonplace.storage.sqlite.engine import SqliteEngine
from commonplace.storage.sqlite.filesystem import filesystem_of, is_network
from commonplace.storage.sqlite.migrations import migrations
from groups import appending, creating
from processes import Process


def tree(folder: Path) -> dict[str, bytes]:
    """Every name below a folder, with the bytes of files."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def a_memory(path: Path) -> Path:
    engine = SqliteEngine(str(path))
    engine.open(create=True)
    engine.propose(creating(), 30.0)
    engine.close()
    return path


def missing_directory(folder: Path) -> Path:
    return folder / "missing" / "team.db"


def missing_file(folder: Path) -> Path:
    return folder / "team.db"


def a_directory(folder: Path) -> Path:
    (folder / "team.db").mkdir()
    return folder / "team.db"


def a_text_file(folder: Path) -> Path:
    path = folder / "team.db"
    path.write_text("Dear diary, today nothing was committed. " * 10)
    return path


def an_empty_file(folder: Path) -> Path:
    path = folder / "team.db"
    path.touch()
    return path


def a_socket(folder: Path) -> Path:
    path = folder / "team.db"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return path


def another_programs_database(folder: Path) -> Path:
    path = folder / "team.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    return path


def a_newer_schema(folder: Path) -> Path:
    path = a_memory(folder / "team.db")
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
    connection.close()
    return path


def two_hard_links(folder: Path) -> Path:
    path = a_memory(folder / "team.db")
    os.link(path, folder / "other.db")
    return path


@pytest.mark.parametrize(
    ("made", "error", "words"),
    [
        (missing_directory, NotFound, "no directory"),
        (missing_file, NotFound, "no memory"),
        (a_directory, NotAMemory, "is a directory"),
        (a_text_file, NotAMemory, "not a SQLite file"),
        (an_empty_file, NotAMemory, "empty file"),
        (a_socket, NotAMemory, "not a regular file"),
        (another_programs_database, NotAMemory, "another program"),
        (a_newer_schema, NewerSchema, "upgrade commonplace"),
        (two_hard_links, UnsafeStorage, "hard links"),
    ],
)
def test_what_cannot_be_opened_says_why_and_is_left_as_it_was(
    tmp_path: Path, made: Callable[[Path], Path], error: type[CommonplaceError], words: str
) -> None:
    path = made(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(error, match=words):
        SqliteEngine(str(path)).open(create=False)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "made",
    [missing_directory, a_directory, a_text_file, another_programs_database, a_newer_schema],
)
def test_create_does_not_excuse_it(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    path = made(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(CommonplaceError):
        SqliteEngine(str(path)).open(create=True)
    assert tree(tmp_path) == before


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    engine = SqliteEngine(str(tmp_path / "team.db"), filesystem_of=lambda path: "nfs4")
    with pytest.raises(UnsafeStorage, match=r"network file system .nfs4."):
        engine.open(create=True)
    assert tree(tmp_path) == {}


def test_file_systems_are_told_apart() -> None:
    assert is_network("cifs")
    assert is_network("fuse.sshfs")
    assert not is_network("ext4")
    assert not is_network("fuseblk")
    assert not is_network("")
    assert filesystem_of("/proc/self") in ("proc", "")


READ_ONLY = """
import os, sys
from commonplace.errors import EngineUnavailable
from commonplace.storage.sqlite.engine import SqliteEngine
if os.geteuid() == 0:
    os.seteuid(65534)  # nobody: root may write anything
try:
    SqliteEngine(sys.argv[1]).open(create=True)
except EngineUnavailable as error:
    print(type(error).__name__, error)
else:
    print("opened")
"""


@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_read_only_file_or_directory_is_refused(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        path = a_memory(folder / "team.db")
        folder.chmod(0o777 if what == "file" else 0o555)
        path.chmod(0o444 if what == "file" else 0o666)
        before = tree(folder)
        with Process(READ_ONLY, str(path)) as process:
            answer = process.hear()
        assert answer.startswith("EngineUnavailable")
        assert f"{what} {path if what == 'file' else folder} is read-only" in answer
        assert tree(folder) == before
        folder.chmod(0o777)


CREATE = """
import sys
from commonplace.storage.sqlite.engine import SqliteEngine
print("ready", flush=True)
sys.stdin.readline()
engine = SqliteEngine(sys.argv[1])
engine.open(create=True)
print(engine.health().state, flush=True)
"""


def test_of_many_who_create_at_once_one_does(tmp_path: Path) -> None:
    path = str(tmp_path / "team.db")
    processes = [Process(CREATE, path) for _ in range(4)]
    for process in processes:
        assert process.hear() == "ready"
    for process in processes:
        process.say()
    assert [process.hear() for process in processes] == ["ok"] * 4
    for process in processes:
        process.kill()
        process.__exit__(None, None, None)
    assert not (tmp_path / "team.db-new").exists()


def test_a_creation_cut_short_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "team.db-new").write_bytes(b"half a file")
    (tmp_path / "team.db").touch()
    a_memory(tmp_path / "team.db")
    assert not (tmp_path / "team.db-new").exists()


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = a_memory(tmp_path / "team.db")
    engine = SqliteEngine(str(path))
    engine.open(create=False)
    assert engine.position("acme").revision == 1
    assert isinstance(engine.propose(appending("a"), 30.0), Accepted)
    engine.close()
    with pytest.raises(EngineUnavailable, match="not open"):
        engine.position("acme")
    engine.open(create=False)
    assert engine.position("acme").revision == 2
    engine.close()
    engine.close()


def test_a_link_leads_to_the_same_memory(tmp_path: Path) -> None:
    a_memory(tmp_path / "team.db")
    (tmp_path / "link.db").symlink_to(tmp_path / "team.db")
    engine = SqliteEngine(str(tmp_path / "link.db"))
    engine.open(create=False)
    assert engine.path == str(tmp_path / "team.db")
    engine.close()
    assert not (tmp_path / "link.db-lane").exists()


def test_two_memories_in_memory_are_two() -> None:
    engines = [open_engine(":memory:") for _ in range(2)]
    for engine in engines:
        engine.open(create=True)
    assert isinstance(engines[0].propose(creating(), 30.0), Accepted)
    assert [engine.position("acme").revision for engine in engines] == [1, 0]
    for engine in engines:
        engine.close()


@pytest.mark.parametrize("address", ["", "a\0b", "postgresql:/host/db", "https://host/"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(CommonplaceError, match="path"):
        open_engine(address)
