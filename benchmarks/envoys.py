"""Envoys that send entries of Istio's, and what these cost at least.

`python -m benchmarks.envoys send PORT ENTRIES` makes them, says `ready`, waits for a line and sends
them, 50 a message, as four Envoys do: each its share over a connection and stream of its own.
`python -m benchmarks.envoys floor BOOTSTRAP ENTRIES` parses each and produces its bytes as they
are; prints CPU seconds, wall seconds and peak RSS in bytes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from random import Random
from typing import Any

import confluent_kafka as kafka
import grpc
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage
from google.protobuf.json_format import ParseDict

from benchmarks.floor import cpu_seconds
from benchmarks.memory import peak_bytes
from benchmarks.traffic import SOURCES, topic_of
from events.kafka.producer import QUEUE_BYTES, QUEUE_RECORDS, producer_conf

METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"
ENVOYS = 4
APPS = 100
OF_A_MESSAGE = 50
DIFFERENT = 5000
"""Entries; more are these once more."""
CONNECTIONS = 1000
"""Of clients; each has some requests."""


def main() -> None:
    if sys.argv[1] == "send":
        _send(int(sys.argv[2]), int(sys.argv[3]))
    else:
        _floor(sys.argv[2], int(sys.argv[3]))


def _entries() -> list[Any]:
    chance, (_, text) = Random("envoys"), SOURCES["envoy"]
    return [
        ParseDict(_of_istio(chance, number, json.loads(text(chance, number % APPS, number))), made)
        for number, made in enumerate(HTTPAccessLogEntry() for _ in range(DIFFERENT))
    ]


def _of_istio(chance: Random, number: int, entry: dict[str, Any]) -> dict[str, Any]:
    """With what a sidecar of Istio's adds."""
    client = chance.randrange(CONNECTIONS)
    downstream = _address(f"10.1.{client % 250}.{client % 7}", 32768 + client)
    entry["common_properties"] |= {
        "sample_rate": 1.0,
        "downstream_remote_address": downstream,
        "downstream_direct_remote_address": downstream,
        "downstream_local_address": _address("10.3.2.1", 443),
        "upstream_remote_address": _address(f"10.4.1.{number % APPS}", 8080),
        "upstream_local_address": _address("10.3.2.1", 32768 + chance.randrange(4 * APPS)),
        "route_name": "default",
        "metadata": {"filter_metadata": {"istio_authn": {"source.principal": "ns/shop/sa/web"}}},
    }
    entry["request"]["referer"] = "https://www.example.com/grüße"
    entry["response"]["response_code_details"] = "via_upstream"
    return entry


def _address(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def _messages(entries: list[Any]) -> list[bytes]:
    found = []
    for begin in range(0, len(entries), OF_A_MESSAGE):
        message = StreamAccessLogsMessage()
        message.http_logs.log_entry.extend(entries[begin : begin + OF_A_MESSAGE])
        found.append(message.SerializeToString())
    return found


def _send(port: int, entries: int) -> None:
    messages = _messages(_entries())
    print("ready", flush=True)
    sys.stdin.readline()

    def stream(envoy: int) -> Iterator[bytes]:
        first = StreamAccessLogsMessage()
        first.identifier.node.id = f"sidecar~10.3.2.{envoy}~app-{envoy}.bench"
        yield first.SerializeToString()
        yield from islice(cycle(messages), envoy, entries // OF_A_MESSAGE, ENVOYS)

    def run(envoy: int) -> None:
        own = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{port}", own) as channel:
            channel.stream_unary(METHOD)(stream(envoy))

    with ThreadPoolExecutor(ENVOYS) as envoys:
        list(envoys.map(run, range(ENVOYS)))


def _floor(bootstrap: str, entries: int) -> None:
    topic, read = topic_of("envoy"), HTTPAccessLogEntry.FromString
    different = [entry.SerializeToString() for entry in _entries()]
    producer = kafka.Producer(
        producer_conf({"bootstrap.servers": bootstrap}, None, QUEUE_BYTES, QUEUE_RECORDS)
    )
    producer.list_topics(topic)
    started, cpu = time.monotonic(), cpu_seconds()
    for data in islice(cycle(different), entries):
        read(data)
        while True:
            try:
                producer.produce(topic, data)
            except BufferError:
                producer.poll(0.02)
            else:
                break
    producer.flush()
    print(cpu_seconds() - cpu, time.monotonic() - started, peak_bytes("self"))


if __name__ == "__main__":
    main()
