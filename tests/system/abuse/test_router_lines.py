"""Router lines that anybody can bring about: names without end, pairs without end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.support.broker import Broker
from tests.support.kafka import TopicNames
from tests.support.others import Others
from tests.support.shuttle import Shuttle

TOPIC = "alamoweblogs"
ATTACKERS = 4
SECONDS = 20


PAIRS = b" ".join(b"k%d=v" % n for n in range(20_000))
LONG = b"h" * 8000
NAME = b"h" * 230


def of_8_kb(number: int) -> bytes:
    return b"hostname=%d-%b.example path=/ method=GET" % (number, LONG)


def of_500_bytes(number: int) -> bytes:
    """As long as an app and a space may be together, and a site."""
    name = b"%d%b" % (number, NAME)
    return b"hostname=%b-%b.example site_domain=%b path=/ method=GET" % (name, name, name)


def of_many_pairs(number: int) -> bytes:
    return b"hostname=gold-%d.example path=/ %b" % (number // 2, PAIRS)


def of_large_layouts(number: int) -> bytes:
    pairs = b" ".join(b"%d_%02d%b=v" % (number // 2, n, NAME[:50]) for n in range(60))
    return b"hostname=gold-gs.example path=/ " + pairs


class Attack:
    """Some clients that write so many such lines ten times a second each, while it is entered."""

    def __init__(self, kafka: Broker, line: Callable[[int], bytes], at_once: int) -> None:
        self._kafka, self._line, self._at_once = kafka, line, at_once
        self._numbers: Iterator[int] = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write) for _ in range(ATTACKERS)]

    def _write(self) -> None:
        while not self._over.wait(0.1):
            lines = [self._line(next(self._numbers)) for _ in range(self._at_once)]
            self._kafka.produce(TOPIC, lines, partition=0)

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "at_once"),
    [(of_8_kb, 12), (of_500_bytes, 50), (of_many_pairs, 2), (of_large_layouts, 5)],
)
def test_lines_that_are_made_to_cost_harm_nobody_else(
    line: Callable[[int], bytes],
    at_once: int,
    kafka: Broker,
    own_shuttle: Shuttle,
    topic: TopicNames,
) -> None:
    kafka.ensure(TOPIC)
    worker = own_shuttle.start_worker()
    with Others(own_shuttle, kafka, [worker, own_shuttle.web], space=topic()) as others:
        control = others.watch(5)
        with others.watched() as seen, Attack(kafka, line, at_once):
            threading.Event().wait(SECONDS)
        print(f"{line.__name__}: {seen[0]}; without the attack {control}")
        seen[0].is_unharmed(control)
        others.all_arrive()
        others.memory_comes_back()
