"""Workers that die, end and cannot start, with small programs in their place."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shuttle.process.supervisor import Supervisor
from tests.support.waiting import until

READY = """
import http.server, socketserver, threading

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.wfile.write(b'HTTP/1.0 200 OK\\r\\n\\r\\n{"checks": {"routes": true}}')
    def address_string(self):
        return ""
    def log_message(self, *args):
        pass

def serve(place):
    server = socketserver.UnixStreamServer(place.replace("@", chr(0)), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
"""

SERVES_UNTIL_TOLD = f"""{READY}
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
with open(f"{{sys.argv[1]}}/{{sys.argv[-1][-1]}}", "a") as starts:
    starts.write("x")
serve(sys.argv[-1])
signal.sigwait([signal.SIGTERM])
"""

BAD_THE_SECOND_TIME = f"""
import pathlib, sys
if sys.argv[-1][-1] == "1" and pathlib.Path(sys.argv[1], "1").exists():
    sys.exit(2)
{SERVES_UNTIL_TOLD}"""

SERVES_WHEN_IT_MAY = f"""{READY}
import pathlib, sys, time
folder, place = pathlib.Path(sys.argv[1]), sys.argv[-1]
(folder / place[-1]).write_text("late" if (folder / "go").exists() else "early")
while not (folder / "go").exists():
    time.sleep(0.01)
serve(place)
time.sleep(60)
"""

DEAF = f"""{READY}
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
serve(sys.argv[-1])
signal.pause()
"""

Make = Callable[..., Supervisor]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr("events.process.supervised_process.RESTART_FIRST_SECONDS", 0.01)

    def made(program: str = SERVES_UNTIL_TOLD, count: int = 3, grace: float = 5) -> Supervisor:
        return Supervisor([sys.executable, "-c", program, tmp_path], count, grace)

    return made


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[asyncio.Task[int]]:
    task = asyncio.create_task(supervisor.run())
    try:
        yield task
    finally:
        supervisor.stop()
        await task
        supervisor.close()


def pids(supervisor: Supervisor) -> list[int]:
    return [worker.pid for worker in supervisor.workers.values() if worker.pid is not None]


def that_serve(supervisor: Supervisor) -> set[str]:
    """Places, as Linux lists them."""
    return {*Path("/proc/net/unix").read_text().split()} & {*supervisor.places.values()}


async def all_serve(supervisor: Supervisor) -> None:
    await until(lambda: len(that_serve(supervisor)) == len(supervisor.places), 20, "all serve")


async def test_all_are_started_and_ended_in_order(make: Make) -> None:
    supervisor = make()
    async with running(supervisor) as task:
        await all_serve(supervisor)
        assert len(set(pids(supervisor))) == 3

        supervisor.stop()

        assert await task == 0
    assert not pids(supervisor)
    assert not that_serve(supervisor)


async def test_one_that_is_killed_is_started_again_and_the_others_are_not(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    supervisor = make()
    async with running(supervisor) as task:
        await all_serve(supervisor)
        os.kill(pids(supervisor)[1], signal.SIGKILL)

        await until(lambda: (tmp_path / "1").read_text() == "xx", 20, "its second start")

        assert [worker.restarts for worker in supervisor.workers.values()] == [0, 1, 0]
        assert (tmp_path / "0").read_text() == (tmp_path / "2").read_text() == "x"
        assert "Worker 1 has ended (-9)" in caplog.text
        supervisor.stop()
        assert await task == 0


async def test_one_that_keeps_dying_waits_longer_each_time(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def none_at_all(_: float, most: float) -> float:
        waits.append(most)
        return 0

    monkeypatch.setattr("events.backoff.random.uniform", none_at_all)
    supervisor = make("raise SystemExit(1)", count=2)
    async with running(supervisor) as task:
        await until(lambda: len(waits) >= 4, 20, "four tries")
        supervisor.stop()
        await task  # which may find it dead once more
    assert waits[:4] == pytest.approx([0.02, 0.04, 0.08, 0.16])


async def test_the_others_wait_until_the_first_may_consume(make: Make, tmp_path: Path) -> None:
    supervisor = make(SERVES_WHEN_IT_MAY)
    async with running(supervisor):
        await until((tmp_path / "0").exists, 20, "the first")
        (tmp_path / "go").touch()
        await all_serve(supervisor)

    assert [(tmp_path / name).read_text() for name in "012"] == ["early", "late", "late"]


async def test_a_bad_configuration_ends_all(make: Make) -> None:
    supervisor = make("import sys; sys.exit(2)")
    async with running(supervisor) as task:
        assert await asyncio.wait_for(task, 20) == 2
    assert [worker.restarts for worker in supervisor.workers.values()] == [0, 0, 0]


async def test_a_configuration_that_has_turned_bad_ends_those_that_run(make: Make) -> None:
    supervisor = make(BAD_THE_SECOND_TIME)
    async with running(supervisor) as task:
        await all_serve(supervisor)
        os.kill(pids(supervisor)[1], signal.SIGKILL)

        assert await asyncio.wait_for(task, 20) == 2
    assert not pids(supervisor)


async def test_one_that_does_not_end_is_killed_and_told_of(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.process.supervised_process.FLUSH_SECONDS", 0.2)
    supervisor = make(DEAF, grace=0)
    async with running(supervisor) as task:
        await all_serve(supervisor)
        supervisor.stop()
        assert await task == 1


async def test_kill_ends_all_at_once_and_leaves_nothing(make: Make) -> None:
    supervisor = make()
    async with running(supervisor):
        await all_serve(supervisor)
        supervisor.kill()
        await until(lambda: not pids(supervisor), 5, "the end of all")
        assert not that_serve(supervisor)
