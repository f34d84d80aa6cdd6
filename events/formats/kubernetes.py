"""Kubernetes lines: JSON as fluentd writes it; the names of other writers are read too.

The space is the Kafka topic, never a field of the event: a tenant who can write an event's
fields must not be able to write into another's logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import cast

import msgspec
from confluent_kafka import Message

from events.cleaning import bodies
from events.formats.half_lines import docker_halves
from events.formats.json_records import JsonRecords
from events.formats.kafka_stamps import stamp_of_record
from events.formats.kubernetes_event import ContainerAlone, KubernetesEvent, Pod, lenient
from events.formats.malformed import Malformed
from events.formats.origins import wanted_rows
from events.formats.repairs import REFUSED
from events.formats.said import bodies_if_plain, said
from events.formats.timestamps import common_stamps, first_time
from events.kafka.records import PartitionRecords
from events.kept import Kept, Room, bytes_of
from events.keys import AppKey, app_and_process
from events.lines import NO_LINES, WITH_ZONE, Lines, Origin, OriginTest, Severity, Stamps

_WHOLE = ("akkeris/", "logshuttle/")
"""Names of what is no pod: the platform, and ourselves."""

_INFO, _ERROR = Severity.INFO, Severity.ERROR


class PodOrigins(Kept[Pod, Origin]):
    """Made when first asked for. Pods come and go."""

    def __init__(self, space: str, room: Room) -> None:
        super().__init__(room)
        self._space = space

    def __missing__(self, pod: Pod) -> Origin:
        app, process = app_and_process(pod.container_name)
        tag = tag_of(app, process, pod.pod_name)
        return self.keep(pod, Origin(AppKey(app, self._space), tag, "app", process))

    def size_of(self, pod: Pod, origin: Origin) -> int:
        return origin.bytes + bytes_of(pod.container_name, pod.pod_name)


class ContainerOrigins(Kept[str, Origin]):
    """Of no pod, which nobody's wish depends on. Made when first asked for."""

    def __init__(self, space: str, room: Room) -> None:
        super().__init__(room)
        self._space = space

    def __missing__(self, container: str) -> Origin:
        app, process = app_and_process(container)
        return self.keep(container, Origin(AppKey(app, self._space), process, "app", process))

    def size_of(self, container: str, origin: Origin) -> int:
        return origin.bytes + bytes_of(container)


class KubernetesFormat:
    """Decodes the records of one space's topic."""

    def __init__(self, space: str, room: Room) -> None:
        self._records = JsonRecords(KubernetesEvent, lenient)
        self._container_of = msgspec.json.Decoder(ContainerAlone).decode
        self._origin_of = PodOrigins(space, room).__getitem__
        self._origin_of_container = ContainerOrigins(space, room).__getitem__
        self._few_are_wanted = False
        """By the last run: then the others are told by their container alone, at half the cost."""

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        if self._few_are_wanted:
            return self._few_lines_of(records, malformed, wants)
        return self._lines_of(records, malformed, wants)

    def _few_lines_of(
        self, records: PartitionRecords, malformed: Malformed, wants: OriginTest
    ) -> Lines:
        """What even this refuses is counted, or repaired, with all the run."""
        try:
            found = list(map(self._container_of, records.values))  # type: ignore[arg-type]
        except REFUSED:
            return self._lines_of(records, malformed, wants)
        names = [one.kubernetes.container_name for one in found]
        wanted = list(map(wants, map(self._origin_of_container, names)))
        kept = list(compress(records.messages, wanted))
        if not kept:
            return NO_LINES
        lines = self._lines_of(PartitionRecords(records.partition, kept), malformed, wants)
        self._few_are_wanted = _are_few(len(kept), len(records))
        return lines

    def _lines_of(
        self, records: PartitionRecords, malformed: Malformed, wants: OriginTest
    ) -> Lines:
        events, messages = self._records.events_of(records, malformed)
        texts = _texts_of(events)
        if not all(texts) and None in texts:
            events, messages = self._records.complete(
                _has_no_text, events, messages, records.partition, malformed
            )
            texts = _texts_of(events)
        origins = list(map(self._origin_of, [event.kubernetes for event in events]))
        among = len(origins)
        columns = wanted_rows(wants, origins, events, messages, texts)
        origins, events, messages, texts = columns
        if len(origins) < among:
            self._few_are_wanted = _are_few(len(origins), among)
        severities = [_ERROR if event.stream == "stderr" else _INFO for event in events]
        given = cast(list[str], texts)
        in_bytes = bodies_if_plain(given)
        if in_bytes is None:
            shown = said(given)
            malformed.partial += docker_halves(origins, events, given, shown)
            in_bytes = bodies(shown)
        return Lines(
            origins, severities, _stamps_of(events, messages), in_bytes, lambda: said(given)
        )


def _are_few(wanted: int, of: int) -> bool:
    """Who is wanted is read twice then, the others once, and less of them."""
    return wanted * 3 < of


def _texts_of(events: Sequence[KubernetesEvent]) -> list[str | None]:
    return [event.message if event.log is None else event.log for event in events]


def _has_no_text(event: KubernetesEvent) -> bool:
    return event.log is None and event.message is None


def _stamps_of(events: Sequence[KubernetesEvent], messages: Sequence[Message]) -> Stamps:
    """An event's own time, or its record's where it has none."""
    stamps = common_stamps(
        [event.time or event.timestamp or event.at_timestamp or event.date for event in events]
    )
    if stamps is not None:
        return stamps
    times = [first_time(event.times) for event in events]
    return Stamps(
        [
            time.encode() if time else stamp_of_record(message)
            for time, message in zip(times, messages, strict=True)
        ],
        WITH_ZONE,
    )


def tag_of(app: str, process: str, pod: str) -> str:
    """`web.1050769379-6ktnc`: the type, and the pod's name without what repeats it."""
    if pod.startswith(_WHOLE):
        return pod
    return f"{process}.{pod.replace(f'-{process}-', '', 1).replace(f'{app}-', '', 1)}"
