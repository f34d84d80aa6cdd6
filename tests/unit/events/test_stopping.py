"""The first signal and the second one, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from tests.support.processes import run_process

PROGRAM = """
import asyncio, sys
from events.process.queued_stderr import queue_stderr
from events.process.signals import stop_on_signals

queue_stderr()

async def main():
    ended = asyncio.Event()
    stop_on_signals(
        lambda: print("stopping", flush=True), lambda: print("at once", file=sys.stderr)
    )
    print("running", flush=True)
    await ended.wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("second", [SIGTERM, SIGINT])
@pytest.mark.parametrize("first", [SIGTERM, SIGINT])
def test_the_first_stops_and_the_second_ends(
    first: Signals, second: Signals, tmp_path: Path
) -> None:
    with run_process([sys.executable, "-c", PROGRAM], log=tmp_path / "log") as process:
        process.wait_for_output("running")
        process.signal(first)
        process.wait_for_output("stopping")
        assert process.running
        process.signal(second)

        assert process.wait(10) == 1
        assert process.output().split("\n") == ["running", "stopping", "at once", ""]
