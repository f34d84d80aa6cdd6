"""Receivers that shake hands and then flood: their drains fail, and others do not notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.flooding_receiver import FloodingReceiver
from tests.support.judge import new_run
from tests.support.kafka import TopicNames
from tests.support.others import Others
from tests.support.receiver_program import Tls
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, numbered_events
from tests.support.waiting import wait_until

FLOODS = "the receiver floods us: 64 KiB of TLS records within an hour that answer nothing"
LINES = 20
FLOOD_BYTES = 256 * 1024
"""On each connection: four times what is heard of it. More would only be the attackers' CPU."""


@pytest.fixture
def flooding(tmp_path: Path, authority: Authority) -> Iterator[Sequence[FloodingReceiver]]:
    """Two of syslog, two of HTTP."""
    tls = Tls(authority.server())
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                FloodingReceiver(
                    tmp_path / f"flooding{number}", tls, most_bytes=FLOOD_BYTES, http=http
                )
            )
            for number, http in enumerate([False, True, False, True])
        ]


class FloodedApp:
    """Its drains go to such receivers."""

    def __init__(self, shuttle: Shuttle, key: str, ca: str) -> None:
        self._shuttle, self._key, self._tls = shuttle, key, {"ca": ca}
        self._ids: list[str] = []

    def add_drains(self, receivers: Sequence[FloodingReceiver], to_each_of_http: int) -> None:
        for receiver in receivers:
            is_http = receiver.url.startswith("https")
            for number in range(to_each_of_http if is_http else 1):
                url = receiver.url + (f"/?{number}" if is_http else "")
                drain = self._shuttle.add_drain(self._key, url, tls=self._tls)
                self._ids.append(drain["id"])

    def floods(self) -> bool:
        """Whether all its drains have failed of that."""
        drains = [self._shuttle.drain(self._key, drain_id) for drain_id in self._ids]
        return {(drain["state"], drain["last_error"]) for drain in drains} == {("failing", FLOODS)}


def test_drains_of_such_receivers_fail_and_no_other_does(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    flooding: Sequence[FloodingReceiver],
    receiver: Receivers,
    authority: Authority,
) -> None:
    space = kafka.create(topic(), partitions=1)
    app = FloodedApp(shuttle, f"app-{space}", authority.pem)
    app.add_drains(flooding[:2], to_each_of_http=1)
    good = receiver(tls=Tls(authority.server()))
    shuttle.add_drain(f"app-{space}", good.url, tls={"ca": authority.pem})
    shuttle.start_worker()
    kafka.produce(space, numbered_events("app", new_run(), 0, LINES))

    good.wait_for(LINES)
    wait_until(app.floods, 30, "both are failing")
    assert shuttle.metric("logshuttle_receiver_floods_total") == 2
    assert shuttle.metric("logshuttle_drains", state="live") == 1
    assert [receiver.connections() for receiver in flooding[:2]] == [1, 1]


@pytest.mark.slow
def test_others_do_not_notice_four_apps_of_such_receivers(
    own_shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    flooding: Sequence[FloodingReceiver],
    authority: Authority,
) -> None:
    worker = own_shuttle.start_worker()
    with Others(own_shuttle, kafka, [worker, own_shuttle.web]) as others:
        control = others.watch(10)
        with others.watched() as seen:
            apps = []
            for number in range(4):
                space = kafka.create(topic(), partitions=1)
                apps.append(FloodedApp(own_shuttle, f"app{number}-{space}", authority.pem))
                apps[-1].add_drains(flooding, to_each_of_http=4)
                kafka.produce(space, numbered_events(f"app{number}", new_run(), 0, LINES))
            wait_until(lambda: all(app.floods() for app in apps), 60, "all are failing")
        print(f"during the attack: {seen[0]}; without: {control}")
        seen[0].is_unharmed(control)
        others.memory_comes_back()
        others.all_arrive()
