"""How much memory a process has, looked at again and again while a test goes on."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import NamedTuple, Self

import psutil

MIB = 1024 * 1024
_LOOK_EVERY_SECONDS = 0.25


class Sample(NamedTuple):
    at: float
    """time.time()"""
    mib: float


class MemoryWatch:
    """Resident memory of a process, from the beginning of the block to its end."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory-watch")
        self.samples: list[Sample] = []

    @property
    def peak_mib(self) -> float:
        return max(sample.mib for sample in self.samples)

    def slope(self, begin: float, end: float) -> float:
        """MiB a minute between two moments, by least squares."""
        known = [sample for sample in self.samples if begin <= sample.at <= end]
        middle_at = sum(sample.at for sample in known) / len(known)
        middle = sum(sample.mib for sample in known) / len(known)
        above = sum((sample.at - middle_at) * (sample.mib - middle) for sample in known)
        below = sum((sample.at - middle_at) ** 2 for sample in known)
        return 60 * above / below

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_SECONDS):
            try:
                resident = self._process.memory_info().rss
            except psutil.NoSuchProcess:
                return
            self.samples.append(Sample(time.time(), resident / MIB))
