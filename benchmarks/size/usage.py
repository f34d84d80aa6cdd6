"""What a process has used, as Linux tells it."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of all of them."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(time.user + time.system for time in times))


def cpu_seconds_by_thread(pids: list[int]) -> Counter[str]:
    """`loop` is the main thread; librdkafka's count together, as those for the database do."""
    found: Counter[str] = Counter()
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # it has just ended
                name = "loop" if task.name == str(pid) else _kind(task.joinpath("comm").read_text())
                fields = task.joinpath("stat").read_text().rpartition(")")[2].split()
                found[name] += (int(fields[11]) + int(fields[12])) * _TICK_SECONDS  # type: ignore[assignment]
    return found


def _kind(name: str) -> str:
    for kind, prefix in {"librdkafka": "rdk:", "database": "database"}.items():
        if name.startswith(prefix):
            return kind
    return "other threads"


def open_files(pids: list[int]) -> int:
    """Connections among them."""
    return sum(psutil.Process(pid).num_fds() for pid in pids)


def resident_mib(pids: list[int]) -> list[float]:
    return [psutil.Process(pid).memory_info().rss / 2**20 for pid in pids]
