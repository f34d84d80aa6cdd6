"""What `manage.py doctor` finds, and how it looks at everything at once without ever hanging."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.db import connections


class Verdict(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    verdict: Verdict
    said: str
    """A sentence; no secret is in it."""
    do: str = ""
    """What to do about it."""


Check = Callable[[], Iterator[Finding]]


def ok(said: str) -> Finding:
    return Finding(Verdict.OK, said)


def warn(said: str, do: str) -> Finding:
    return Finding(Verdict.WARN, said, do)


def fail(said: str, do: str) -> Finding:
    return Finding(Verdict.FAIL, said, do)


@dataclass(frozen=True)
class Findings:
    by_check: dict[str, list[Finding]]
    is_stuck: bool
    """A check is still running: it may hold up the end of the process."""

    @property
    def failures(self) -> int:
        return self.count(Verdict.FAIL)

    def count(self, verdict: Verdict) -> int:
        return sum(each.verdict == verdict for found in self.by_check.values() for each in found)


def examine(checks: Mapping[str, Check], limit_seconds: float) -> Findings:
    """All of them at a time. What one has found counts, whatever becomes of the rest of it."""
    looks = {name: _Look(check) for name, check in checks.items()}
    deadline = time.monotonic() + limit_seconds
    found = {name: look.found_by(deadline, limit_seconds) for name, look in looks.items()}
    return Findings(found, any(look.runs for look in looks.values()))


class _Look:
    """A check in a thread of its own, which nobody has to wait for."""

    def __init__(self, check: Check) -> None:
        self._found: list[Finding] = []
        acting = copy_context().run  # who does it, for the record
        self._thread = threading.Thread(target=acting, args=[self._run, check], daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        return self._thread.is_alive()

    def found_by(self, deadline: float, limit_seconds: float) -> list[Finding]:
        self._thread.join(max(deadline - time.monotonic(), 0))
        found = list(self._found)
        if self.runs:
            late = fail(
                f"This took longer than {limit_seconds:g} s: something hangs here.",
                "Look at what is told above, and at the network on the way there.",
            )
            found.append(late)
        return found

    def _run(self, check: Check) -> None:
        try:
            for finding in check():
                self._found.append(finding)
        except Exception as error:  # noqa: BLE001 - no check may hide the others
            self._found.append(fail(f"This check broke off: {first_line(error)}", "Report it."))
        finally:
            connections.close_all()


def first_line(error: BaseException) -> str:
    """Of what a driver said."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__
