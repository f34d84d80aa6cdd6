"""Messages of Envoy's access log service, and what Kafka gets of their entries.

A message is taken apart with its entries left as bytes: one that cannot be read (bytes that are no
UTF-8 where text belongs) costs itself, not those beside it. Field numbers of v2 and v3 agree for
all that v2 has, so the types of v3 read both.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from events.als.shallow import Shallow
from events.formats.envoy import app_of_cluster

NODE_CHARACTERS = 200
ENTRY_BYTES_MAX = 128 * 1024
"""Far above what an Envoy writes of a request; at 0.2 µs a byte a longer one would hold up all."""
CLUSTERS_KEPT = 4096
CLUSTER_CHARACTERS = 512  # a service's name has 253 at most

ENTRY = Shallow(HTTPAccessLogEntry.DESCRIPTOR)


class IgnoredError(Exception):
    """An entry that is not written. `reason` is a metric label: one of a few."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AlsMessage(NamedTuple):
    node: str
    """Who sends; only the first message of a stream says it."""
    http_entries: Sequence[bytes]
    tcp_entries: int


NOTHING = AlsMessage("", (), 0)


class Record(NamedTuple):
    value: bytes
    key: bytes
    """The app's name, so that its entries stay in order whatever subset or port they went to."""


def message_of(data: bytes) -> AlsMessage:
    """Raises IgnoredError when it is no message."""
    try:
        message = _Message.FromString(data)
    except DecodeError:
        raise IgnoredError("unreadable") from None
    node = message.identifier.node.id.decode("utf-8", "replace")[:NODE_CHARACTERS]
    return AlsMessage(node, message.http_logs.log_entry, len(message.tcp_logs.log_entry))


def record_of(entry: bytes) -> Record:
    """JSON with the names of the protobuf fields. Raises IgnoredError when it is nobody's."""
    if len(entry) > ENTRY_BYTES_MAX:
        raise IgnoredError("too_large")
    try:
        message = ENTRY.read(entry)
        cluster = message.common_properties.upstream_cluster
        key = _kafka_key_of(cluster) if len(cluster) <= CLUSTER_CHARACTERS else None
        if key is None:
            raise IgnoredError("no_app")
        return Record(ENTRY.json_of(message, entry).encode(), key)
    except DecodeError:
        raise IgnoredError("unreadable") from None


@lru_cache(CLUSTERS_KEPT)
def _kafka_key_of(cluster: str) -> bytes | None:
    whose = app_of_cluster(cluster)
    return str(whose.key).encode() if whose else None


def _envelope() -> Any:
    """StreamAccessLogsMessage of v2 and of v3, as far as we need it."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="logshuttle/als.proto", package="logshuttle", syntax="proto3"
    )

    def add(message: str, *fields: tuple[str, int, str]) -> None:
        made = file.message_type.add(name=message)
        for name, number, kind in fields:
            typed = {"type": field.TYPE_BYTES}
            if kind:
                typed = {"type": field.TYPE_MESSAGE, "type_name": f".logshuttle.{kind}"}
            made.field.add(name=name, number=number, label=field.LABEL_OPTIONAL, **typed)

    add("Node", ("id", 1, ""))
    add("Identifier", ("node", 1, "Node"))
    add("Entries", ("log_entry", 1, ""))
    file.message_type[-1].field[0].label = field.LABEL_REPEATED
    add(
        "Message",
        ("identifier", 1, "Identifier"),
        ("http_logs", 2, "Entries"),
        ("tcp_logs", 3, "Entries"),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logshuttle.Message"))


_Message = _envelope()
