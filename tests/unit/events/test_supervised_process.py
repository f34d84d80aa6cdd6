"""A program beside ours, which goes on whatever becomes of it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from events.process.supervised_process import SupervisedProcess, running
from tests.support.waiting import until

TELLS_ITS_STARTS = """
import pathlib, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
starts = pathlib.Path(__file__ + ".starts")
with starts.open("a") as file:
    file.write("x")
if len(starts.read_text()) > 1:
    signal.sigwait([signal.SIGTERM])
    pathlib.Path(__file__ + ".ended").write_text(sys.argv[1])
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "manage.py"
    file.write_text(TELLS_ITS_STARTS)
    return file


def supervised(program: Path) -> SupervisedProcess:
    return SupervisedProcess("runals", [sys.executable, program, "runals"], 5)


def written(program: Path, what: str) -> str:
    file = Path(f"{program}.{what}")
    return file.read_text() if file.exists() else ""


async def test_it_is_started_again_and_ended_in_order(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.process.supervised_process.RESTART_FIRST_SECONDS", 0.01)

    async with running(supervised(program)):
        await until(lambda: written(program, "starts") == "xx", 20, "two starts")

    assert written(program, "ended") == "runals"


async def test_one_that_cannot_start_is_said_and_tried_again(
    program: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("events.process.supervised_process.RESTART_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    async with running(supervised(program)):
        await until(lambda: len(caplog.records) >= 2, 20, "two complaints")

    assert "runals cannot start" in caplog.text


async def test_without_one_nothing_runs() -> None:
    before = asyncio.all_tasks()
    async with running(None):
        assert asyncio.all_tasks() == before
