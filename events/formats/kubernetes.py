"""Kubernetes lines: JSON as fluentd writes it; Fluent Bit's and Vector's names are read too.

The space is the Kafka topic, never a field of the event: a tenant who can write an event's
fields must not be able to write into another's logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Any, cast

from confluent_kafka import Message
from msgspec import Struct

from events.formats.json_records import JsonRecords, text_or_none
from events.formats.kafka_stamps import time_of_record
from events.formats.malformed import Malformed, MalformedError
from events.formats.said import said
from events.formats.timestamps import rfc5424_times
from events.kafka.records import PartitionRecords
from events.keys import AppKey
from events.lines import Lines, Origin, OriginTest, Severity

# Pods come and go; past this many the cache starts anew.
ORIGINS_KEPT = 20_000

_INFO, _ERROR = Severity.INFO, Severity.ERROR


class Pod(Struct, frozen=True, gc=False):
    container_name: str
    pod_name: str = ""


class KubernetesEvent(Struct, gc=False):
    """The fields that a line is made of; `message` and `timestamp` are Vector's names."""

    kubernetes: Pod
    log: str | None = None
    stream: str | None = None
    time: str | None = None
    message: str | None = None
    timestamp: str | None = None


class PodOrigins(dict[Pod, Origin]):
    """Made when first asked for."""

    def __init__(self, space: str) -> None:
        self._space = space

    def __missing__(self, pod: Pod) -> Origin:
        if len(self) >= ORIGINS_KEPT:
            self.clear()
        app, process = app_and_process(pod.container_name)
        tag = tag_of(app, process, pod.pod_name)
        origin = self[pod] = Origin(AppKey(app, self._space), tag, "app", process)
        return origin


class KubernetesFormat:
    """Decodes the records of one space's topic."""

    def __init__(self, space: str) -> None:
        self._records = JsonRecords(KubernetesEvent, _lenient)
        self._origin_of = PodOrigins(space).__getitem__

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        events, messages = self._records.events_of(records, malformed)
        origins = list(map(self._origin_of, [event.kubernetes for event in events]))
        wanted = list(map(wants, origins))
        if not all(wanted):
            origins = list(compress(origins, wanted))
            events = list(compress(events, wanted))
            messages = list(compress(messages, wanted))
        texts = [event.message or "" if event.log is None else event.log for event in events]
        severities = [_ERROR if event.stream == "stderr" else _INFO for event in events]
        return Lines(origins, _times_of(events, messages), severities, said(texts))


def _times_of(events: Sequence[KubernetesEvent], messages: Sequence[Message]) -> list[str]:
    """An event's own, or its record's where it has none."""
    times = rfc5424_times([event.time or event.timestamp or "" for event in events])
    if all(times):
        return cast(list[str], times)
    return [time or time_of_record(message) for time, message in zip(times, messages, strict=True)]


def app_and_process(container: str) -> tuple[str, str]:
    """`gold--worker` → app `gold`, process type `worker`; a plain name is `web`."""
    app, _, process = container.partition("--")
    return app, process or "web"


def tag_of(app: str, process: str, pod: str) -> str:
    """`web.1050769379-6ktnc`: the type, and the pod's name without what repeats it."""
    if pod.startswith("akkeris/"):
        return pod
    return f"{process}.{pod.replace(f'-{process}-', '', 1).replace(f'{app}-', '', 1)}"


def _lenient(fields: dict[str, Any]) -> KubernetesEvent:
    pod = fields.get("kubernetes")
    container = pod.get("container_name") if isinstance(pod, dict) else None
    if not isinstance(pod, dict) or not isinstance(container, str):
        raise MalformedError("no_container")
    log, message = fields.get("log"), fields.get("message")
    if not isinstance(log, str | None) or (log is None and not isinstance(message, str | None)):
        raise MalformedError("log_not_text")
    return KubernetesEvent(
        Pod(container, text_or_none(pod.get("pod_name")) or ""),
        log=log,
        stream=text_or_none(fields.get("stream")),
        time=text_or_none(fields.get("time")),
        message=text_or_none(message),
        timestamp=text_or_none(fields.get("timestamp")),
    )
