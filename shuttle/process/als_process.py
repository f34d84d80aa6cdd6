"""The Envoy receiver as a child of the worker: RUN_ISTIO_ALS, as the original has it.

It is started again when it ends, and ends with the worker. The worker does not depend on it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from events.process.supervised_process import SupervisedProcess


class AlsProcess(SupervisedProcess):
    """`manage` is our manage.py."""

    def __init__(self, manage: Path, grace_seconds: float) -> None:
        super().__init__("runals", [sys.executable, manage, "runals"], grace_seconds)


@asynccontextmanager
async def running(process: AlsProcess | None) -> AsyncIterator[None]:
    """Runs it beside the body, whose end ends it. None: nothing is run."""
    if process is None:
        yield
        return
    task = asyncio.create_task(process.run(), name="runals")
    try:
        yield
    finally:
        process.stop()
        await task
