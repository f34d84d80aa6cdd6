"""F10: receivers that are killed outright, with lines unread in their kernels."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.certificates import Authority
from tests.support.flow import Flow
from tests.support.judge import Verdict, judge
from tests.support.kafka import TopicNames
from tests.support.receiver_program import Tls
from tests.support.receivers import NORMAL, Receiver, slow
from tests.support.receiving import Receivers
from tests.support.shuttle import Shuttle, tag_and_text
from tests.support.waiting import wait_until


def start_all(
    receiver: Receivers, authority: Authority, bytes_per_second: int
) -> dict[str, Receiver]:
    """A slow one has as large a buffer in the kernel as that gives."""
    slowly = slow(bytes_per_second, receive_buffer=None)
    secure = Tls(authority.server())
    return {
        "tcp, fast": receiver(NORMAL),
        "tcp, slow": receiver(slowly),
        "tls, fast": receiver(NORMAL, tls=secure),
        "tls, slow": receiver(slowly, tls=secure),
    }


def kill_again_and_again(
    shuttle: Shuttle,
    flow: Flow,
    receivers: dict[str, Receiver],
    authority: Authority,
    folder: Path,
    *,
    kills: int,
    limit_seconds: float,
) -> dict[str, Verdict]:
    """Each is killed whenever it has got so many lines more, and started at once."""
    for receiver in receivers.values():
        trust = {"tls": {"ca": authority.pem}} if receiver.tls else {}
        shuttle.add_drain(f"app0-{flow.topic}", receiver.url, **trust)
    shuttle.start_worker()
    left = dict.fromkeys(receivers, kills)

    def kill_those_due() -> bool:
        for name, receiver in receivers.items():
            due = flow.count * (kills - left[name] + 1) // (kills + 1)
            if left[name] and len(receiver.lines()) >= due:
                receiver.kill()
                receiver.start()
                left[name] -= 1
        return not any(left.values())

    def verdicts() -> dict[str, Verdict]:
        return {
            name: judge(flow.run_of(0), flow.produced(0), map(tag_and_text, r.lines()), drain=name)
            for name, r in receivers.items()
        }

    with flow.running(folder) as producing:
        wait_until(kill_those_due, limit_seconds, "all kills")
        assert producing.wait() == 0
    with suppress(AssertionError):  # the verdicts say more than that it took too long
        for receiver in receivers.values():
            wait_until(partial(has_all, receiver, flow.count), limit_seconds, "all lines")
    return verdicts()


def has_all(receiver: Receiver, count: int) -> bool:
    """A slow one still reads when all is confirmed."""
    return len(receiver.lines()) >= count and len(set(receiver.lines())) >= count


@pytest.mark.slow
def test_receivers_killed_twice(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    authority: Authority,
    tmp_path: Path,
) -> None:
    flow = Flow(kafka.bootstrap, kafka.create(topic()), count=12_000, rate=6_000)
    receivers = start_all(receiver, authority, 800_000)

    verdicts = kill_again_and_again(
        shuttle, flow, receivers, authority, tmp_path, kills=2, limit_seconds=30
    )

    for verdict in verdicts.values():
        assert verdict.at_least_once, verdict


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_receivers_killed_five_times(
    shuttle: Shuttle,
    kafka: Broker,
    topic: TopicNames,
    receiver: Receivers,
    authority: Authority,
    tmp_path: Path,
) -> None:
    flow = Flow(kafka.bootstrap, kafka.create(topic()), count=300_000, rate=10_000)
    receivers = start_all(receiver, authority, 600_000)

    verdicts = kill_again_and_again(
        shuttle, flow, receivers, authority, tmp_path, kills=5, limit_seconds=200
    )

    print(f"\nfive kills in {flow.count} lines:")
    for name, verdict in verdicts.items():
        twice = sum(verdict.duplicates.values())
        print(f"  {name}: {len(verdict.lost)} lost, {twice} sent again")
    for verdict in verdicts.values():
        assert verdict.at_least_once, verdict
