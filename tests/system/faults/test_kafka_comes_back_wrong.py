"""A broker under load that stops, falls silent, or comes back with another listener: what is said,
after how long, what REST answers meanwhile, and that no line is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from events.devkafka.broker import DevKafka
from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.fussy_kafka import keystore, login_properties, tls_properties
from tests.support.judge import new_run
from tests.support.kafka import OwnKafka
from tests.support.outcome import all_arrive
from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import RunningProcess
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, served
from tests.support.steady_load import SteadyLoad
from tests.support.waiting import wait_until

SPACE, PARTITIONS, PER_SECOND = "gs", 4, 200
AWAY, BACK = "Kafka cannot be used. ", "Kafka can be used again"
SAID_SECONDS, SILENT_SAID_SECONDS = 30.0, 45.0
BACK_SECONDS = 30.0
REPEATED = 6 * PER_SECOND
FINE = (" 200", " 201", " 503")


class Outside:
    """A broker whose listener for others than the test can be another when it comes back."""

    def __init__(self, own_kafka: OwnKafka, keystore: Path) -> None:
        self._own_kafka = own_kafka
        self._keystore = keystore
        self._folder = keystore.parent / "outside"
        self.plain, self._controller = free_port(), free_port()
        self.port, self.elsewhere = free_port(), free_port()
        self.broker = self._start("PLAINTEXT", self.port)

    @property
    def at(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def stop(self) -> None:
        self.broker.stop()

    def fall_silent(self) -> None:
        os.kill(self.broker.pid or 0, signal.SIGSTOP)

    def want_login(self) -> None:
        self._again("SASL_PLAINTEXT", self.port)

    def want_tls(self) -> None:
        self._again("SSL", self.port)

    def announce_elsewhere(self) -> None:
        self._again("PLAINTEXT", self.elsewhere)

    def mend(self) -> None:
        if self.broker.running():
            os.kill(self.broker.pid or 0, signal.SIGCONT)
        self._again("PLAINTEXT", self.port)

    def _again(self, protocol: str, announced: int) -> None:
        self.broker.stop()
        self.broker = self._start(protocol, announced)

    def _start(self, protocol: str, announced: int) -> DevKafka:
        own = f"PLAIN://{LOOPBACK}:{self.plain}"
        listeners = [own, f"OUT://{self.at}", f"CONTROLLER://{LOOPBACK}:{self._controller}"]
        properties = {
            "inter.broker.listener.name": "PLAIN",
            "controller.quorum.voters": f"1@{LOOPBACK}:{self._controller}",
            "listeners": ",".join(listeners),
            "advertised.listeners": f"{own},OUT://{LOOPBACK}:{announced}",
            "listener.security.protocol.map": (
                f"PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,OUT:{protocol}"
            ),
        }
        properties |= login_properties("listener.name.out")
        properties |= tls_properties("listener.name.out", self._keystore)
        return self._own_kafka(port=self.plain, properties=properties, data_dir=self._folder)


@pytest.fixture
def outside(tmp_path: Path, own_kafka: OwnKafka, authority: Authority) -> Outside:
    made = Outside(own_kafka, keystore(tmp_path, authority))
    Broker(f"{LOOPBACK}:{made.plain}").create(SPACE, PARTITIONS)
    return made


@contextmanager
def asked(shuttle: Shuttle) -> Iterator[Counter[str]]:
    """What REST answers all the while, by what was asked."""
    over, found = threading.Event(), Counter[str]()
    drains = f"/apps/other-{SPACE}/log-drains"
    event = {"log": "posted", "kubernetes": {"container_name": "x", "namespace_name": SPACE}}

    def ask() -> None:
        with httpx.Client(
            base_url=shuttle.api.base_url, headers=shuttle.api.headers, timeout=20
        ) as api:
            while not over.wait(0.2):
                found[f"GET {api.get(drains).status_code}"] += 1
                made = api.post(drains, json={"url": f"syslog://{LOOPBACK}:{free_port()}"})
                found[f"POST drain {made.status_code}"] += 1
                if made.status_code == 201:
                    gone = api.delete(f"{drains}/{made.json()['id']}")
                    found[f"DELETE {gone.status_code}"] += 1
                found[f"POST event {api.post('/log-events', json=event).status_code}"] += 1

    thread = threading.Thread(target=ask, name="asking")
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def wait_until_said(text: str, processes: list[RunningProcess], limit_seconds: float) -> None:
    for process in processes:
        process.wait_for_output(text, limit_seconds)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("fault", "limit", "why"),
    [
        (Outside.stop, SAID_SECONDS, "{out}: "),
        (Outside.fall_silent, SILENT_SAID_SECONDS, "{out}: "),
        (Outside.want_login, SAID_SECONDS, "{out}: Disconnected"),
        (Outside.want_tls, SAID_SECONDS, "{out}: Disconnected"),
        (Outside.announce_elsewhere, SAID_SECONDS, "{else}, which is how a broker announces"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_it_is_said_soon_and_nothing_is_lost(
    fault: Callable[[Outside], None],
    limit: float,
    why: str,
    tmp_path: Path,
    outside: Outside,
    receiver: Receivers,
) -> None:
    sink, run = receiver(), new_run()
    names = {"out": outside.at, "else": f"{LOOPBACK}:{outside.elsewhere}"}
    with served(tmp_path, outside.at) as shuttle:
        shuttle.add_drain(f"gold-{SPACE}", sink.url)
        worker = shuttle.start_worker()
        both = [shuttle.web, worker]
        with (
            SteadyLoad(f"{LOOPBACK}:{outside.plain}", SPACE, run, per_second=PER_SECOND) as load,
            asked(shuttle) as codes,
        ):
            sink.wait_for(PER_SECOND)
            fault(outside)
            wait_until_said(AWAY + why.format(**names), both, limit)
            wait_until(lambda: codes["POST event 503"], limit, "an event is refused")
            meanwhile = codes.copy()
            outside.mend()
            wait_until_said(BACK, both, BACK_SECONDS)
            sink.wait_for(len(sink.lines()) + PER_SECOND, BACK_SECONDS)
            produced = load.stop()
        all_arrive(sink, run, produced, duplicates=REPEATED)
        wait_until(lambda: shuttle.is_ready(worker), 10, "the worker is ready again")
        assert shuttle.api.get("/readyz").status_code == 200
    assert all(code.endswith(FINE) for code in meanwhile), meanwhile
