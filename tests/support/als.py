"""What Envoys send, in both versions, and a Kafka that takes it at the test's pace."""

from __future__ import annotations

import asyncio
from typing import Any

from confluent_kafka import KafkaError
from envoy.service.accesslog.v2 import als_pb2 as v2
from envoy.service.accesslog.v2 import als_pb2_grpc as v2_grpc
from envoy.service.accesslog.v3 import als_pb2 as v3
from envoy.service.accesslog.v3 import als_pb2_grpc as v3_grpc
from google.protobuf.json_format import ParseDict

from events.kafka.producer import Told

VERSIONS = ("v2", "v3")
_MESSAGES = {"v2": v2.StreamAccessLogsMessage, "v3": v3.StreamAccessLogsMessage}
_STUBS = {"v2": v2_grpc.AccessLogServiceStub, "v3": v3_grpc.AccessLogServiceStub}


def entry(space: str = "gs", app: str = "gold", **changes: Any) -> dict[str, Any]:
    """A request to the app. `changes`: other members of `request`; `common` of the properties."""
    common = {"upstream_cluster": f"outbound|80||{app}.{space}.svc.cluster.local"}
    common |= changes.pop("common", {})
    return {
        "common_properties": common,
        "protocol_version": "HTTP11",
        "request": {"request_method": "GET", "path": "/", **changes},
        "response": {"response_code": 200},
    }


def message(*entries: dict[str, Any], node: str = "", tcp: int = 0, version: str = "v3") -> bytes:
    """`tcp`: that many entries of TCP in place of the others."""
    made = _MESSAGES[version]()
    if node:
        made.identifier.node.id = node
    for one in entries:
        ParseDict(one, made.http_logs.log_entry.add())
    for _ in range(tcp):
        made.tcp_logs.log_entry.add().connection_properties.received_bytes = 1
    return bytes(made.SerializeToString())


def parsed(data: bytes, version: str = "v3") -> Any:
    return _MESSAGES[version].FromString(data)


def stub(channel: Any, version: str = "v3") -> Any:
    """The client that Envoy's own protocol files describe."""
    return _STUBS[version](channel)


class FakeKafka:
    """Takes `room` records, then none until there is room again."""

    def __init__(self, room: int = 1_000_000, error: KafkaError | None = None) -> None:
        self.room = room
        self.records: list[tuple[str, bytes, bytes | None]] = []
        self._error = error

    async def put(self, topic: str, value: bytes, key: bytes | None, told: Told) -> None:
        while not self.room:
            await asyncio.sleep(0)
        self.room -= 1
        self.records.append((topic, value, key))
        told(self._error, None)
