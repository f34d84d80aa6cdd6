"""How a test with a fault in it ends: all lines are there, in order, and the worker is well."""

from __future__ import annotations

from typing import Protocol

from tests.support.asking import get
from tests.support.http_receiver import HttpReceiver
from tests.support.judge import Verdict, judge
from tests.support.logplex import parse_request
from tests.support.shuttle import Shuttle, tag_and_text
from tests.support.waiting import wait_until


class Sink(Protocol):
    def lines(self) -> list[bytes]: ...


class HttpLines:
    """The lines of the requests that a receiver answered with 2xx."""

    def __init__(self, receiver: HttpReceiver) -> None:
        self._receiver = receiver

    def lines(self) -> list[bytes]:
        requests = self._receiver.accepted()
        return [
            line for request in requests for line in parse_request(request.headers, request.body)
        ]


def verdict_of(sink: Sink, run: str, produced: dict[int, int]) -> Verdict:
    return judge(run, produced, map(tag_and_text, sink.lines()))


def all_arrive(
    sink: Sink,
    run: str,
    produced: dict[int, int],
    *,
    limit_seconds: float = 30,
    duplicates: int | None = None,
    in_order: bool = True,
) -> Verdict:
    """None lost, none foreign, each tag in order. `duplicates` is how many there may be."""
    count = sum(produced.values())
    wait_until(lambda: len(sink.lines()) >= count, limit_seconds, f"{count} lines")
    wait_until(
        lambda: not verdict_of(sink, run, produced).lost,
        limit_seconds,
        "all lines (there are gaps)",
    )
    verdict = verdict_of(sink, run, produced)
    if not in_order:
        verdict.out_of_order.clear()
    assert verdict.at_least_once, verdict
    if duplicates is not None:
        assert sum(verdict.duplicates.values()) <= duplicates, verdict
    return verdict


def probe(shuttle: Shuttle, path: str) -> int:
    """What the worker answers on its metrics port."""
    url = f"http://127.0.0.1:{shuttle.metrics_port}{path}"
    return get(url, timeout=5).status_code
