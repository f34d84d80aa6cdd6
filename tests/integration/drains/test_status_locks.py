"""Drains are made and deleted at two web hosts while workers report of them: nobody fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle
from typing import Any

import pytest

from drains.errors import DrainError
from drains.models import Drain
from drains.services import create_drain, delete_drain
from events.kafka.cluster import Span
from events.kafka.records import TopicPartition
from events.keys import AppKey
from shuttle.commit.database_store import DatabaseStore
from shuttle.commit.store import FeedStatus, Place
from tests.support.store_stage import as_default, connection_to

KEY = AppKey("gold", "gs")
BEGIN = [Span(TopicPartition("gs", number), "log", 0, 5) for number in range(4)]


@pytest.mark.parametrize(
    "rounds", [pytest.param(40, id="small"), pytest.param(1_000, marks=pytest.mark.slow, id="full")]
)
def test_who_deletes_and_who_reports_do_not_lock_each_other_out(
    rounds: int, migrated_postgres: Any, postgres: Any
) -> None:
    url = postgres.url(migrated_postgres.settings_dict["NAME"])
    over = threading.Event()

    def at_a_host(act: Callable[..., None], *of: object) -> None:
        made = connection_to(url)
        with as_default(made):
            try:
                act(*of)
            finally:
                made.close()

    def make_and_delete(ports: range) -> None:
        for port in ports:
            drain = create_drain(KEY, f"syslog://h:{port}", begin=BEGIN)
            with suppress(DrainError):
                delete_drain(drain)

    def report(worker: str) -> None:
        store, states = DatabaseStore("logshuttle"), cycle(("live", "failing", "replaying"))
        speaker = store.take_name(Place(worker, 0, 1), worker)
        for state in states:
            if over.is_set():
                break
            ids = map(str, Drain.objects.values_list("pk", flat=True))
            statuses = [FeedStatus(of, state, "", None, None) for of in ids]
            assert store.publish(speaker, statuses)
            store.put_right()

    with ThreadPoolExecutor() as pool:
        hosts = [
            pool.submit(at_a_host, make_and_delete, range(begin, begin + rounds))
            for begin in (2_000, 10_000)
        ]
        workers = [pool.submit(at_a_host, report, name) for name in "ab"]
        for host in hosts:
            host.exception()
        over.set()
        failed = [future.exception() for future in (*hosts, *workers)]
    assert failed == [None] * 4
    with as_default(migrated_postgres):
        assert not Drain.objects.exists()
