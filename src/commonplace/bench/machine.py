"""Machine: what was measured on, without a word that would name the host."""

import os
import platform
import sqlite3
import statistics
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from commonplace.bench.bare import sqlite_version
from commonplace.bench.server import Server
from commonplace.storage.sqlite.filesystem import filesystem_of

_SYNCS = 200


def describe(folder: Path, server: Server | None) -> dict[str, Any]:
    """Cores, memory, kernel, file system, versions, and what one sync to this disk takes."""
    return {
        "cores": os.cpu_count(),
        "processor": _first_value("/proc/cpuinfo", "model name") or platform.machine(),
        "memory_gb": round(_memory_bytes() / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "filesystem": filesystem_of(str(folder)),
        "sync_us": round(_sync_us(folder), 1),
        "python": platform.python_version(),
        "sqlite": sqlite_version(),
        "sqlite_of_python": sqlite3.sqlite_version,
        "langgraph_checkpoint_sqlite": _version("langgraph-checkpoint-sqlite"),
        "postgres": dict(server.described) if server else None,
        "langgraph_checkpoint_postgres": _version("langgraph-checkpoint-postgres"),
    }


def _first_value(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _sync_us(folder: Path) -> float:
    """The median time of a 4 KiB append and its `fdatasync`: what a durable commit waits for."""
    path, times = folder / "sync", []
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(_SYNCS):
            os.write(fd, b"\0" * 4096)
            begun = time.perf_counter_ns()
            os.fdatasync(fd)
            times.append(time.perf_counter_ns() - begun)
    finally:
        os.close(fd)
        path.unlink()
    return statistics.median(times) / 1e3
