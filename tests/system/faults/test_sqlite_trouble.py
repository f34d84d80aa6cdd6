"""The database file is locked or its disk is full: lines go on, the API says so, and recovers."""

from __future__ import annotations

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.broker import Broker
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.outcome import all_arrive, probe
from tests.support.ports import free_port
from tests.support.receiving import Receivers
from tests.support.servers import missing
from tests.support.shuttle import Shuttle
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import throughout, wait_until

PER_SECOND = 500
ANSWER_SECONDS = 6.0
BACK_SECONDS = 5.0
SAID_BACK_SECONDS = 40.0
"""What failed, and is asked no more, counts for 30 s."""
DISK_KIB = 4096


def added(shuttle: Shuttle, drains: str, url: str) -> httpx.Response:
    """The answer, which comes in time and is explained if it is 503."""
    answer = shuttle.api.post(drains, json={"url": url}, timeout=ANSWER_SECONDS)
    if answer.status_code == 503:
        assert answer.headers["Content-Type"] == "application/problem+json"
    return answer


def is_healthy(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


@pytest.mark.parametrize(
    "seconds", [pytest.param(8, id="8 s"), pytest.param(30, id="30 s", marks=pytest.mark.slow)]
)
def test_a_writer_that_holds_the_lock_stops_no_line(
    seconds: float,
    tmp_path: Path,
    own_shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
) -> None:
    space, sink, run = kafka.create(topic(), 4), receiver(), new_run()
    database, drains, new = (
        tmp_path / "shuttle.sqlite3",
        f"/apps/gold-{space}/log-drains",
        receiver(),
    )
    own_shuttle.add_drain(f"gold-{space}", sink.url)
    own_shuttle.add_drain(
        f"gold-{space}", f"syslog://127.0.0.1:{free_port()}"
    )  # has a cursor to store
    worker = own_shuttle.start_worker()

    with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
        sink.wait_for(PER_SECOND)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            assert added(own_shuttle, drains, new.url).status_code == 503
            assert own_shuttle.api.get(drains).status_code == 200
            left = seconds - (time.monotonic() - began)
            throughout(lambda: probe(own_shuttle, "/readyz") == 200, left, "the worker is ready")
            sink.wait_for(load.acknowledged, 2)
            other.execute("ROLLBACK")
        began = time.monotonic()
        assert added(own_shuttle, drains, new.url).status_code == 201
        new.wait_for(1, BACK_SECONDS)
        assert time.monotonic() - began < BACK_SECONDS
        produced = load.stop()

    all_arrive(sink, run, produced, duplicates=0)
    assert "Traceback" not in worker.output()
    assert worker.terminate() == 0
    assert is_healthy(database)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own. Root's only."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", str(folder)]
    done = subprocess.run(["mount", *options], capture_output=True, text=True)
    if done.returncode:
        missing(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    yield
    ballast.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [pytest.param(1, id="1 s"), pytest.param(30, id="30 s")])
def test_a_full_disk_stops_no_line(
    seconds: float, tmp_path: Path, kafka: Broker, topic: TopicNames, receiver: Receivers
) -> None:
    """With a drain that fails meanwhile: its cursors cannot be stored."""
    space, sink, gone, run = kafka.create(topic(), 4), receiver(), receiver(), new_run()
    drains = f"/apps/gold-{space}/log-drains"
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        database = disk / "shuttle.sqlite3"
        shuttle = Shuttle(tmp_path, kafka.bootstrap, {"DATABASE_URL": f"sqlite:///{database}"})
        stack.callback(shuttle.close)
        shuttle.migrate()
        shuttle.start_web()
        shuttle.add_drain(f"gold-{space}", sink.url)
        shuttle.add_drain(f"gold-{space}", gone.url)
        worker = shuttle.start_worker()
        with SteadyLoad(kafka.bootstrap, space, run, per_second=PER_SECOND) as load:
            sink.wait_for(PER_SECOND)
            with filled(disk):
                wait_until(
                    lambda: added(shuttle, drains, url()).status_code == 503, 5, "it is full"
                )
                gone.kill()
                worker.wait_for_output("Waiting for the database", 10)
                throughout(lambda: probe(shuttle, "/readyz") == 200, seconds, "it is ready")
                sink.wait_for(load.acknowledged, 2)
            wait_until(
                lambda: added(shuttle, drains, url()).status_code == 201, BACK_SECONDS, "the API"
            )
            worker.wait_for_output("The database is back", SAID_BACK_SECONDS)
            worker.kill()
            gone.start()
            worker = shuttle.start_worker()
            produced = load.stop()
        all_arrive(sink, run, produced)
        all_arrive(gone, run, produced)
        assert worker.terminate() == 0
        assert is_healthy(database)


def url() -> str:
    """Of nobody."""
    return f"syslog://127.0.0.1:{free_port()}"
