"""Kubernetes lines: JSON as fluentd writes it; Fluent Bit's and Vector's names are read too.

The space is the Kafka topic, never a field of the event: a tenant who can write an event's
fields must not be able to write into another's logs.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from events.formats import phases
from events.formats.json_records import JsonRecords, text_or_none
from events.formats.texts import without_newline
from events.keys import AppKey
from events.lines import LogLine, Origin, Severity
from events.malformed import Malformed, MalformedError
from events.records import Run, timestamp_ms
from events.timestamps import rfc5424_time_of_ms, rfc5424_times

# Pods come and go; past this many the cache starts anew.
ORIGINS_KEPT = 20_000

_INFO, _ERROR = Severity.INFO, Severity.ERROR


class Pod(Struct, gc=False):
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


class KubernetesFormat:
    """Decodes the records of one space's topic."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._records = JsonRecords(KubernetesEvent, _lenient)
        self._origins: dict[tuple[str, str], Origin] = {}

    def lines_of(self, run: Run, malformed: Malformed) -> list[LogLine]:
        events = self._records.events_of(run, malformed)
        times = rfc5424_times([(e.time or e.timestamp or "") if e else "" for e in events])
        origins = self._origins
        lines = []
        for index, event in enumerate(events):
            if event is None:
                continue
            pod = event.kubernetes
            origin = origins.get((pod.container_name, pod.pod_name)) or self._origin_of(pod)
            text = event.log
            if text is None:
                text = event.message or ""
            if text[-1:] == "\n":
                text = without_newline(text)
            if text[:7] == phases.PREFIX:
                text = phases.translate(text)
            time = times[index] or rfc5424_time_of_ms(timestamp_ms(run.messages[index]))
            severity = _ERROR if event.stream == "stderr" else _INFO
            lines.append(LogLine(origin, time, severity, text))
        return lines

    def _origin_of(self, pod: Pod) -> Origin:
        if len(self._origins) >= ORIGINS_KEPT:
            self._origins.clear()
        app, process = app_and_process(pod.container_name)
        tag = tag_of(app, process, pod.pod_name)
        origin = Origin(AppKey(app, self._space), tag, "app", process)
        self._origins[pod.container_name, pod.pod_name] = origin
        return origin


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
