"""Why a real broker cannot be used, as each client of ours hears it."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from events.kafka.client import ask_any_broker, client_conf
from events.kafka.complaints import Complaints, Reason
from tests.support.certificates import Authority
from tests.support.fussy_kafka import GUESS, PASSWORD, Misfit, fussy_kafka, misfits
from tests.support.kafka import OwnKafka
from tests.support.ports import LOOPBACK

LIMIT_SECONDS = 5.0
"""Who has said nothing by then says nothing."""


def heard(misfit: Misfit) -> Reason:
    """The first reason."""
    complaints, first = Complaints(), [misfit.hosts]
    conf = client_conf({"bootstrap.servers": misfit.hosts, **misfit.settings}, complaints)
    admin = AdminClient(conf)
    ends = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < ends:
        with suppress(KafkaException):
            ask_any_broker(admin, 0.5)
        admin.poll(0.1)
        if complaints.heard_of(misfit.says.split(": ")[0].split(",")[0]):
            break
    return complaints.reasons(first, LIMIT_SECONDS)[0]


def test_each_is_told_by_its_reason(
    tmp_path: Path, own_kafka: OwnKafka, authority: Authority
) -> None:
    fussy = fussy_kafka(tmp_path, own_kafka, authority)
    with (
        socket.create_server((LOOPBACK, 0)) as silent,
        ThreadPoolExecutor(20) as pool,
    ):
        at = f"{LOOPBACK}:{silent.getsockname()[1]}"
        wanted = misfits(fussy, tmp_path, authority, at)
        found = list(zip(wanted, pool.map(heard, wanted), strict=True))

    wrong = {
        misfit.name: reason
        for misfit, reason in found
        if not reason.said.startswith(misfit.says) or not reason.do.startswith(misfit.fault.value)
    }
    assert not wrong
    told = str([reason for _, reason in found])
    assert PASSWORD not in told
    assert GUESS not in told
