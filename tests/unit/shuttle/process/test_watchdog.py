"""A worker whose event loop stands still is ended, whatever holds it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.support.full_pipe import full_pipe

PROGRAM = """
import asyncio, sys, time
from shuttle.process.watchdog import watched

def sleep():
    time.sleep(20)

async def nobody_waits():
    sleep()

tasks = []

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


@pytest.mark.parametrize(
    "still",
    [
        "asyncio.get_running_loop().call_soon(sleep)",
        "asyncio.get_running_loop().call_later(0.1, sleep)",
        "tasks.append(asyncio.create_task(nobody_waits()))",
    ],
)
def test_where_nobody_waits_for_it_one_line_ends_it_all_the_same(still: str) -> None:
    found = ended(f"{still}; await asyncio.sleep(5)")
    assert found.returncode == 1
    assert found.stderr.startswith("StoodStillError: The event loop stood still for 0.4 s: ")
    assert "sleep (<string>:" in found.stderr
    assert found.stderr.count("\n") == 1
    assert "went on" not in found.stdout


def test_its_last_steps_are_watched_too() -> None:
    steps = "\n        ".join(
        [
            "asyncio.get_running_loop().call_soon(sleep)",
            "try: await asyncio.sleep(5)",
            "finally:",
            "    await asyncio.sleep(0.1)",
            "    print('ends', flush=True)",
            "    sleep()",
        ]
    )
    began = time.monotonic()
    found = ended(steps)
    assert (found.returncode, found.stdout) == (1, "ends\n")
    assert "StoodStillError: The event loop stood still for 0.4 s: " in found.stderr
    assert time.monotonic() - began < 15


def test_a_call_that_holds_python_is_ended_too() -> None:
    began = time.monotonic()
    found = ended("sum(range(10**12))")
    assert found.returncode == 1
    assert "Timeout" in found.stderr
    assert "went on" not in found.stdout
    assert time.monotonic() - began < 20


def test_it_is_ended_although_nobody_reads_its_log() -> None:
    program = PROGRAM.format(stand_still="sum(range(10**12))")
    with full_pipe() as pipe:
        command = [sys.executable, "-c", program]
        assert subprocess.run(command, stderr=pipe.end, timeout=20, check=False).returncode == 1


def test_a_loop_that_turns_goes_on() -> None:
    found = ended("await asyncio.sleep(1.5)")
    assert (found.returncode, found.stdout, found.stderr) == (0, "went on\n", "")
