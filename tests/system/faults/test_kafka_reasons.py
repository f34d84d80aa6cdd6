"""Kafka cannot be used: each process says why, with the broker, and seldom."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.support.asking import get
from tests.support.certificates import Authority
from tests.support.fussy_kafka import GUESS, PASSWORD, FussyKafka, Misfit, fussy_kafka, misfits
from tests.support.kafka import OwnKafka
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import RunningProcess
from tests.support.shuttle import Shuttle, served
from tests.support.waiting import throughout, wait_until
from tests.system.test_als import Als

SAID_SECONDS = 30.0
"""From the start of the process; two of them start at once here."""
WATCHED_SECONDS = 40.0
LINES_MAX = 4
AT_ONCE = 5


class Told(NamedTuple):
    """What two processes have said of Kafka."""

    web: list[str]
    worker: list[str]

    @classmethod
    def by(cls, *processes: RunningProcess) -> Told:
        lines = (process.output().splitlines() for process in processes)
        return cls(*([line for line in of if "Kafka" in line] for of in lines))


@pytest.fixture
def silent() -> Iterator[str]:
    with socket.create_server((LOOPBACK, 0)) as server:
        yield f"{LOOPBACK}:{server.getsockname()[1]}"


@pytest.fixture
def fussy(tmp_path: Path, own_kafka: OwnKafka, authority: Authority) -> FussyKafka:
    return fussy_kafka(tmp_path, own_kafka, authority)


def test_it_is_said_by_both_and_neither_is_ready(tmp_path: Path, own_kafka: OwnKafka) -> None:
    closed = f"{LOOPBACK}:{free_port()}"
    with served(tmp_path, closed) as shuttle:
        worker = shuttle.start_worker(consuming=False)
        for process in (shuttle.web, worker):
            process.wait_for_output(f"Kafka cannot be used. {closed}: Connection ref", SAID_SECONDS)
        assert shuttle.api.get("/readyz").json()["checks"] == {"database": True, "kafka": False}
        assert get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").status_code == 503
        told = Told.by(shuttle.web, worker)
        assert [len(said) for said in told] == [1, 1], told
        with Als(shuttle).run() as receiving:
            receiving.wait_for_output(f"Kafka cannot be used. {closed}: Conn", SAID_SECONDS)
        assert "Service Unavailable" not in shuttle.web.output()

        own_kafka(port=int(closed.split(":")[1]))
        for process in (shuttle.web, worker):
            process.wait_for_output("Kafka can be used again, after", SAID_SECONDS)
        assert shuttle.api.get("/readyz").status_code == 200


def test_what_it_says_itself_is_in_our_log_where_that_is_wanted(tmp_path: Path) -> None:
    closed = f"{LOOPBACK}:{free_port()}"
    with closing(Shuttle(tmp_path, closed, {"LOG_FORMAT": "json"})) as shuttle:
        shuttle.migrate()
        shuttle.environment |= {
            "KAFKA_CONF_debug": "broker,conf",
            "KAFKA_CONF_sasl_password": PASSWORD,
        }
        worker = shuttle.start_worker(consuming=False)
        worker.wait_for_output("Kafka cannot be used", SAID_SECONDS)
        objects = [json.loads(line) for line in worker.output().splitlines() if line[:1] == "{"]

    details = [each["event"] for each in objects if each.get("action") == "librdkafka"]
    assert any("Connection refused" in text for text in details)
    assert any("sasl.password" in text for text in details)
    assert PASSWORD not in worker.output()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_first_40_s_have_the_reason_and_few_lines(
    tmp_path: Path, fussy: FussyKafka, authority: Authority, silent: str
) -> None:
    Shuttle(tmp_path, silent).migrate()  # the others' database is a copy of it
    wanted = misfits(fussy, tmp_path, authority, silent)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda misfit: watched(tmp_path, misfit), wanted))

    wrong = {
        misfit.name: told
        for misfit, told in zip(wanted, found, strict=True)
        if not all(is_well_told(misfit, said) for said in told)
    }
    assert not wrong
    assert PASSWORD not in str(found)
    assert GUESS not in str(found)


def watched(folder: Path, misfit: Misfit) -> Told:
    """What is said in the first 40 s of each; neither is ready in these, and both end when told."""
    here = folder / misfit.name
    here.mkdir()
    with ExitStack() as stack:
        shuttle = stack.enter_context(served(here, misfit.hosts, misfit.environment))
        worker = shuttle.start_worker(consuming=False)
        wait_until(lambda: _probed(shuttle), SAID_SECONDS, "the worker answers")

        def unready() -> bool:
            return 200 not in (shuttle.api.get("/readyz").status_code, _probed(shuttle))

        wait_until(unready, SAID_SECONDS, "neither is ready")
        throughout(unready, WATCHED_SECONDS, f"{misfit.name}: neither is ready")
        assert shuttle.api.get("/livez").status_code == 200
        told = Told.by(shuttle.web, worker)
        assert worker.terminate() == shuttle.web.terminate() == 0
    return told


def _probed(shuttle: Shuttle) -> int:
    try:
        return get(f"http://127.0.0.1:{shuttle.metrics_port}/readyz").status_code
    except httpx.TransportError:  # it has not begun to listen
        return 0


def is_well_told(misfit: Misfit, said: list[str]) -> bool:
    whole = f"Kafka cannot be used. {misfit.says}"
    return any(whole in line and misfit.fault.value in line for line in said) and (
        len(said) <= LINES_MAX and not any("are down" in line for line in said)
    )
