"""`python -m benchmarks.tail_clients`: writes stamped lines and reads sessions; JSON in and out.

All sessions are read, but only the last line of what came together is looked at: whoever
measures must not be what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from typing import Any

import confluent_kafka as kafka

_AT = re.compile(rb"at=([\d.]+)(?!.*at=)", re.DOTALL)
_SKIPPED = re.compile(rb"Error L11 \(tail buffer overflow\): (\d+)")
_EVENT = (
    '{"log":"at=%.3f GET /some/path?with=query status=200 took 12ms and a little more text\\n",'
    '"stream":"stdout","time":"2016-08-24T17:03:20.080151664Z","kubernetes":{"pod_name":'
    '"app%d-1050769379-6ktnc","container_name":"app%d"}}'
)
_LAST_WORDS_SECONDS = 5.0
_TURN_SECONDS = 0.02


class Client:
    def __init__(self) -> None:
        self.lines = self.skipped = 0
        self.delays: list[float] = []

    async def read(self, host: str, port: int, path: str) -> None:
        reader, writer = await asyncio.open_connection(host, port, limit=2**22)
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        try:
            while data := await reader.read(2**20):
                self.lines += data.count(b" at=") or data.count(b": at=")
                if match := _AT.search(data[-400:]):
                    self.delays.append(time.time() - float(match[1]))
                if b"Error L11" in data:
                    self.skipped += sum(map(int, _SKIPPED.findall(data)))
        finally:
            writer.close()


async def main(orders: dict[str, Any]) -> dict[str, Any]:
    host, port = orders["host"], orders["port"]
    clients = [Client() for _ in orders["paths"]]
    tasks = []
    for client, path in zip(clients, orders["paths"], strict=True):
        tasks.append(asyncio.create_task(client.read(host, port, path)))
        await asyncio.sleep(0.002)
    print("reading", flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # until they are all live
    written = await asyncio.to_thread(_write, orders)
    wanted = written // orders["apps"] * len(clients)
    ends = time.monotonic() + _LAST_WORDS_SECONDS
    while sum(c.lines + c.skipped for c in clients) < wanted and time.monotonic() < ends:
        await asyncio.sleep(_TURN_SECONDS)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return _summed(clients, written)


def _write(orders: dict[str, Any]) -> int:
    producer = kafka.Producer(
        {"bootstrap.servers": orders["bootstrap"], "linger.ms": 5, "compression.type": "lz4"}
    )
    rate, count, apps = orders["rate"], int(orders["rate"] * orders["seconds"]), orders["apps"]
    begun, number = time.monotonic(), 0
    while number < count:
        due = min(count, int((time.monotonic() - begun) * rate) + 1)
        now = time.time()
        for n in range(number, due):
            event = _EVENT % (now, n % apps, n % apps)
            producer.produce(orders["topic"], event, partition=n % orders["partitions"])
        number = due
        producer.poll(0)
        time.sleep(_TURN_SECONDS)
    producer.flush()
    return count


def _summed(clients: Sequence[Client], written: int) -> dict[str, Any]:
    delays = sorted(delay for client in clients for delay in client.delays)
    return {
        "written": written,
        "read": sum(client.lines for client in clients),
        "skipped": sum(client.skipped for client in clients),
        "median": delays[len(delays) // 2],
        "p99": delays[len(delays) * 99 // 100],
        "most": delays[-1],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))), flush=True)
