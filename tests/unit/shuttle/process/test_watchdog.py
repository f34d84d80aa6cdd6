"""A worker whose event loop stands still is ended, whatever holds it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

PROGRAM = """
import asyncio, sys, time
from shuttle.process.watchdog import watched

async def main():
    async with watched(0.4):
        await asyncio.sleep(0.1)
        {stand_still}
        print("went on")

try:
    asyncio.run(main())
except BaseException as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


def ended(stand_still: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(stand_still=stand_still)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("still", ["time.sleep(20)", "while True: pass"])
def test_where_python_goes_on_it_is_told_where_it_stood(still: str) -> None:
    found = ended(still)
    assert found.returncode == 1
    assert found.stderr.startswith("StoodStillError: The event loop stood still for 0.4 s: ")
    assert "main (<string>:" in found.stderr


def test_a_call_that_holds_python_is_ended_too() -> None:
    began = time.monotonic()
    found = ended("sum(range(10**12))")
    assert found.returncode == 1
    assert "Timeout" in found.stderr
    assert "went on" not in found.stdout
    assert time.monotonic() - began < 20


def test_a_loop_that_turns_goes_on() -> None:
    found = ended("await asyncio.sleep(1.5)")
    assert (found.returncode, found.stdout, found.stderr) == (0, "went on\n", "")
