"""librdkafka's own mock cluster: a broker that answers with the errors it is told to.

By ctypes, from the library in confluent-kafka's wheel; its interface is marked experimental. A
partition keeps only about 5 MB, topics have to be created, there are no timestamps to ask for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Self

import confluent_kafka

_PRODUCER = 0
_Errors = ctypes.POINTER(ctypes.c_int)


class Request(IntEnum):
    """Kafka's number of each kind of request."""

    PRODUCE = 0
    FETCH = 1
    OFFSET_COMMIT = 8


class MockKafka:
    """One broker, from entering on, within the test's process."""

    def __init__(self) -> None:
        self._lib = _library()
        self._client: int | None = None
        self._cluster: int | None = None

    @property
    def bootstrap(self) -> str:
        found: bytes = self._lib.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def create(self, topic: str, partitions: int) -> str:
        error = self._lib.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, 1)
        assert not error, f"topic {topic}: error {error}"
        return topic

    def fail(self, request: Request, errors: Sequence[int]) -> None:
        """The next requests of this kind are answered with these errors, one each."""
        array = (ctypes.c_int * len(errors))(*errors)
        self._lib.rd_kafka_mock_push_request_errors_array(
            self._cluster, int(request), len(errors), array
        )

    def set_leader(self, topic: str, partition: int, broker: int | None) -> None:
        """None: the partition has no leader. Brokers are numbered from 1."""
        self._lib.rd_kafka_mock_partition_set_leader(
            self._cluster, topic.encode(), partition, -1 if broker is None else broker
        )

    def __enter__(self) -> Self:
        reason = ctypes.create_string_buffer(256)
        self._client = self._lib.rd_kafka_new(_PRODUCER, None, reason, len(reason))
        assert self._client, reason.value.decode()
        self._cluster = self._lib.rd_kafka_mock_cluster_new(self._client, 1)
        assert self._cluster, "no mock cluster"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._client)


def _library() -> ctypes.CDLL:
    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    lib = ctypes.CDLL(str(next(folder.glob("librdkafka*"))))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    declared = {
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_destroy": (None, [pointer]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_push_request_errors_array": (
            None,
            [pointer, ctypes.c_int16, ctypes.c_size_t, _Errors],
        ),
        "rd_kafka_mock_partition_set_leader": (
            number,
            [pointer, text, ctypes.c_int32, ctypes.c_int32],
        ),
    }
    for name, (result, arguments) in declared.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib
