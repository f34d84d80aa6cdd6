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
from functools import partial
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


_ASKED = {
    "text": "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\n\r\n",
    "events": "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n",
    "socket": "GET {path}/ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
}


class Client(asyncio.Protocol):
    """Reads one session. A server's frames of a WebSocket are not masked: their text is there."""

    def __init__(self, request: str) -> None:
        self.lines = self.skipped = 0
        self.delays: list[float] = []
        self._request = request.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.lines += data.count(b"at=")
        if match := _AT.search(data[-400:]):
            self.delays.append(time.time() - float(match[1]))
        if b"Error L11" in data:
            self.skipped += sum(map(int, _SKIPPED.findall(data)))


async def main(orders: dict[str, Any]) -> dict[str, Any]:
    host, port, request = orders["host"], orders["port"], _ASKED[orders["output"]]
    clients = [Client(request.format(host=host, path=path)) for path in orders["paths"]]
    for client in clients:
        await asyncio.get_running_loop().create_connection(partial(_same, client), host, port)
    print("reading", flush=True)
    await asyncio.to_thread(sys.stdin.readline)  # until they are all live
    written = await asyncio.to_thread(_write, orders)
    wanted = written // orders["apps"] * len(clients)
    ends = time.monotonic() + _LAST_WORDS_SECONDS
    while sum(c.lines + c.skipped for c in clients) < wanted and time.monotonic() < ends:
        await asyncio.sleep(_TURN_SECONDS)
    for client in clients:
        client.transport.close()
    return _summed(clients, written)


def _same(client: Client) -> Client:
    return client


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
