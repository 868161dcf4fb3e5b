"""Copy files: every table of a memory as PostgreSQL's own binary COPY gives it, in one file.

    MAGIC
    frame    JSON: the number of the schema, and every table with its columns, in order
    frames   of each table in that order: its bytes, cut anywhere; an empty frame ends it
    SHA-256  of all that stands before it

A frame is its length in four bytes, the highest first, and so many bytes, at most FRAME_BYTES.
Nothing in a file is believed before all of it was read and its digest agrees.
"""

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NamedTuple

from commonplace.errors import DamagedMemory, EngineUnavailable, NotAMemory, NotFound

MAGIC: Final = b"commonplace copy of PostgreSQL, 1\n"
FRAME_BYTES: Final = 1 << 20

_LENGTH: Final = struct.Struct(">I")
_DIGEST_BYTES: Final = 32


class Table(NamedTuple):
    """A table and its columns, in the order in which their values travel."""

    name: str
    columns: tuple[str, ...]


class Contents(NamedTuple):
    """What a file holds: the number of its schema and its tables."""

    schema: int
    tables: tuple[Table, ...]


# --- writing ------------------------------------------------------------------------------------


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file that gets its name when the block was left without an error and all is synced."""
    if os.path.lexists(path):
        raise EngineUnavailable(
            f"{path} exists and was not touched: name a file that does not exist.", path=path
        )
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NotFound(f"There is no directory {folder}: create it first.", path=folder)
    building = f"{path}-new"
    try:
        with open(building, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.rename(building, path)
        _sync_directory(folder)
    except OSError as error:
        raise EngineUnavailable(
            f"{path} could not be written ({error.strerror or error}). Mend that, then retry.",
            path=path,
        ) from error
    finally:
        if os.path.lexists(building):
            os.unlink(building)


def _sync_directory(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class CopyWriter:
    """Writes a copy into an open file: for each table its bytes and `end_table`, then `finish`."""

    def __init__(self, file: BinaryIO, contents: Contents) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._pending = bytearray()
        self._put(MAGIC)
        self._frame(json.dumps(contents._asdict()).encode())

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes of the table at hand."""
        self._pending += data
        while len(self._pending) >= FRAME_BYTES:
            self._frame(self._pending[:FRAME_BYTES])
            del self._pending[:FRAME_BYTES]

    def end_table(self) -> None:
        """Go on with the next table."""
        if self._pending:
            self._frame(self._pending)
            self._pending = bytearray()
        self._frame(b"")

    def finish(self) -> None:
        """Seal the file."""
        self._file.write(self._digest.digest())

    def _frame(self, data: bytes | bytearray) -> None:
        self._put(_LENGTH.pack(len(data)))
        self._put(data)

    def _put(self, data: bytes | bytearray) -> None:
        self._digest.update(data)
        self._file.write(data)


# --- reading ------------------------------------------------------------------------------------


class CopyReader:
    """Reads a copy: `frames` for each table of `contents` in order, then `finish`.

    Raises `NotFound`, `NotAMemory` for what is no copy, and `DamagedMemory` for one that was cut
    or changed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._file: BinaryIO = open(path, "rb")  # noqa: SIM115  # closed by __exit__
        except FileNotFoundError:
            raise NotFound(f"There is no file {path}.", path=path) from None
        except OSError as error:
            raise NotAMemory(
                f"{path} cannot be read ({error.strerror or error}).", path=path
            ) from error
        self._digest = hashlib.sha256()
        try:
            self.contents = self._begin()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "CopyReader":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def check(self) -> None:
        """Read all of it, to be sure, and go back to the first table."""
        for _ in self.contents.tables:
            for _ in self.frames():
                pass
        self.finish()
        self._file.seek(0)
        self._digest = hashlib.sha256()
        if self._begin() != self.contents:
            raise self._damage("it was changed while it was read")

    def frames(self) -> Iterator[bytes]:
        """The bytes of the next table."""
        while data := self._frame():
            yield data

    def finish(self) -> None:
        """Check the seal behind the last table."""
        due = self._digest.digest()
        if self._file.read(_DIGEST_BYTES) != due:
            raise self._damage("it does not have the digest that it ends with")
        if self._file.read(1):
            raise self._damage("something follows its end")

    def _begin(self) -> Contents:
        if self._take(len(MAGIC), cut_off=False) != MAGIC:
            raise NotAMemory(
                f"{self._path} is no copy of a PostgreSQL memory; it was not touched.",
                path=self._path,
            )
        try:
            return _contents_of(json.loads(self._frame()))
        except (ValueError, KeyError, TypeError) as error:
            raise self._damage("its list of tables cannot be read") from error

    def _frame(self) -> bytes:
        (size,) = _LENGTH.unpack(self._take(_LENGTH.size))
        if size > FRAME_BYTES:
            raise self._damage("the length of a part of it is none that was ever written")
        return self._take(size)

    def _take(self, size: int, *, cut_off: bool = True) -> bytes:
        data = self._file.read(size)
        if len(data) < size and cut_off:
            raise self._damage("it was cut off")
        self._digest.update(data)
        return data

    def _damage(self, what: str) -> DamagedMemory:
        return DamagedMemory(
            f"Not restored. {self._path} is damaged: {what}. Nothing was changed; use another "
            "copy.",
            path=self._path,
        )


def _contents_of(plain: Any) -> Contents:
    tables = tuple(Table(str(name), tuple(map(str, columns))) for name, columns in plain["tables"])
    return Contents(int(plain["schema"]), tables)
