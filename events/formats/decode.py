"""Which topic holds which format: records in, lines out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from events.formats.access import AccessFormat
from events.formats.build import BuildFormat
from events.formats.kubernetes import KubernetesFormat
from events.formats.malformed import Malformed
from events.formats.web import WebFormat
from events.kafka.records import PartitionRecords
from events.kept import Room
from events.lines import Lines, LogLine, Origin, OriginTest, joined
from events.topics import BUILD, ISTIO, ROUTER

logger = logging.getLogger(__name__)


class Format(Protocol):
    """Reads one topic's records. Bad ones are counted in `malformed`, never raised, whether or
    not anybody wants their lines; lines of origins that nobody wants are left out."""

    def lines_of(
        self, records: PartitionRecords, malformed: Malformed, wants: OriginTest
    ) -> Lines: ...


NAMES_BYTES = 24 * 1024 * 1024
"""For the names of apps, sites and pods that a decoder has met: some 40,000."""

# Every other topic holds a space's Kubernetes lines.
FORMATS: dict[str, Callable[[str, Room], Format]] = {
    ROUTER.topic: WebFormat,
    ISTIO.topic: AccessFormat,
    BUILD.topic: BuildFormat,
}


class Decoder:
    """All formats that one process has met, with their caches and the count of bad records."""

    def __init__(self) -> None:
        self.malformed = Malformed()
        self._formats: dict[str, Format] = {}
        self._room = Room(NAMES_BYTES)

    def lines_of(self, records: PartitionRecords) -> list[LogLine]:
        """All lines of these records, in order. A record may give none (malformed) or several."""
        return list(self.wanted_lines_of(records, _everybody))

    def wanted_lines_of(
        self, records: PartitionRecords, wants: OriginTest, *, again: bool = False
    ) -> Lines:
        """Only those of origins that `wants` says yes to: others cost little more than their JSON.

        `again`: these records have been decoded before, so bad ones are counted already.
        """
        topic = records.partition.topic
        chosen = self._formats.get(topic)
        if chosen is None:
            chosen = self._formats[topic] = _format_of(topic, self._room)
        malformed = Malformed() if again else self.malformed
        try:
            return chosen.lines_of(records, malformed, wants)
        except Exception:  # noqa: BLE001 - a fault of ours must not stop the partition
            return self._one_by_one(chosen, records, malformed, wants)

    def _one_by_one(
        self, chosen: Format, records: PartitionRecords, malformed: Malformed, wants: OriginTest
    ) -> Lines:
        """Find the record that a format cannot bear; the others keep their lines."""
        found = []
        for message in records.messages:
            one = PartitionRecords(records.partition, [message])
            try:
                found.append(chosen.lines_of(one, malformed, wants))
            except Exception:
                logger.exception("A record cannot be decoded", extra={"action": "decode_failed"})
                malformed.add(records.partition, message, "internal_error")
        return joined(found)


def _format_of(topic: str, room: Room) -> Format:
    return FORMATS.get(topic, KubernetesFormat)(topic, room)


def _everybody(_: Origin) -> bool:
    return True
