"""`python -m benchmarks.past`: all that one app wrote in an hour, among all that others wrote.

Four partitions, one line in a hundred the app's. It is read as a web process reads it, bounds
raised, while a tail of another app is live: how late its lines are meanwhile is measured too.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncGenerator, Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.arguments import parser_of, positive
from benchmarks.bench import broker, say
from benchmarks.memory import peak_bytes
from events.keys import AppKey
from sessions_app.tail.live.blocks import LineSlice
from sessions_app.tail.past.limits import PastLimits
from sessions_app.tail.session import Selection, Session
from sessions_app.tail.signer import Signer
from sessions_app.tail.tail import BacklogEnd, Event
from sessions_app.tail.tails import Tails

SPACE, LIVE = "bench-past", "bench-live"
PARTITIONS = 4
OTHERS = 50
EVERY = 100
"""One record in so many is the app's."""
HOUR = 3600.0
LIVE_SECONDS = 0.02
"""From one line of the live app to the next."""
BOUNDS = PastLimits(bytes=1 << 50, seconds=3600.0)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder, broker(options.kafka, Path(folder)) as bootstrap:
        admin = AdminClient({"bootstrap.servers": bootstrap})
        for made in admin.create_topics(
            [NewTopic(SPACE, PARTITIONS, 1), NewTopic(LIVE, 1, 1)]
        ).values():
            made.result()
        fill(bootstrap, options.records)
        asyncio.run(measure(bootstrap, options.records))


def _options() -> argparse.Namespace:
    parser = parser_of("benchmarks.past", __doc__)
    parser.add_argument("--records", type=positive, default=1_000_000, help="in the hour")
    parser.add_argument("--kafka", help="host:port of a broker to use; default: one of our own")
    return parser.parse_args()


def event(app: str, text: str, at: float) -> bytes:
    return msgspec.json.encode(
        {
            "log": f"{text}\n",
            "stream": "stdout",
            "time": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
            "kubernetes": {
                "pod_name": f"{app}-5d9c7b8f6-x7k2p",
                "container_name": app,
                "namespace_name": SPACE,
            },
        }
    )


def fill(bootstrap: str, records: int) -> None:
    """Their stamps are spread over the last hour."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 50, "compression.type": "lz4"}
    )
    chance, begin = random.Random(1), time.time() - HOUR
    for number in range(records):
        app = f"a{chance.randrange(OTHERS)}" if number % EVERY else "gold"
        at = begin + HOUR * number / records
        value = event(app, f"{number} GET /orders/{number} 200 in 12 ms, as lines are long", at)
        while True:
            try:
                producer.produce(
                    SPACE, value, partition=chance.randrange(PARTITIONS), timestamp=int(at * 1000)
                )
                break
            except BufferError:
                producer.poll(0.1)
        if not number % 10_000:
            producer.poll(0)
    producer.flush()
    say(f"{records:,} records are there")


async def measure(bootstrap: str, records: int) -> None:
    tails = Tails(
        {"bootstrap.servers": bootstrap}, idle_seconds=HOUR, revoked=_nobody, limits=BOUNDS
    )
    late: list[float] = []
    live = asyncio.create_task(_live(tails, bootstrap, late))
    await asyncio.sleep(2.0)
    late.clear()
    first, count, took = await _past(tails)
    live.cancel()
    await asyncio.wait({live})
    late.sort()
    print(
        f"{records:,} records, {count:,} of the app: the first line after {first:.2f} s, all after"
        f" {took:.1f} s; another app's live lines meanwhile: median {late[len(late) // 2]:.3f} s,"
        f" p99 {late[len(late) * 99 // 100]:.3f} s; peak {peak_bytes('self') >> 20} MiB"
    )
    await tails.close()


async def _past(tails: Tails) -> tuple[float, int, float]:
    began, first, count = time.perf_counter(), 0.0, 0
    async for events in _events(tails, SPACE, "gold", since=time.time() - HOUR - 60, tail=False):
        for piece in events:
            if isinstance(piece, LineSlice):
                first = first or time.perf_counter() - began
                count += len(piece.indices)
    return first, count, time.perf_counter() - began


async def _live(tails: Tails, bootstrap: str, late: list[float]) -> None:
    """Its lines say when they were written."""
    producer = Producer({"bootstrap.servers": bootstrap})
    writing = asyncio.create_task(_write(producer))
    try:
        async for events in _events(tails, LIVE, "silver"):
            now = time.time()
            for piece in events:
                if isinstance(piece, LineSlice):
                    late += [now - float(line.text) for line in piece.block.lines]
                elif isinstance(piece, BacklogEnd):
                    late.clear()
    finally:
        writing.cancel()


async def _write(producer: Producer) -> None:
    while True:
        now = time.time()
        producer.produce(LIVE, event("silver", f"{now}", now))
        producer.poll(0)
        await asyncio.sleep(LIVE_SECONDS)


def _events(
    tails: Tails, space: str, app: str, *, since: float | None = None, tail: bool = True
) -> AsyncGenerator[list[Event]]:
    key, lines = AppKey(app, space), 0 if since is None else None
    session = Session(app, Selection(key), lines, tail, time.time() + HOUR, since)
    return tails.events(session, Signer([b"key"], app, []), None, "text")


async def _nobody(names: Collection[str]) -> Collection[str]:
    return ()


if __name__ == "__main__":
    main()
