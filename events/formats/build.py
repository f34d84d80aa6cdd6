"""Build lines: `{"build":40,"job":"test","message":"Hello World","metadata":"app-space"}`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from events.formats.json_records import JsonRecords
from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import Origins
from events.formats.said import said
from events.kafka.records import PartitionRecords
from events.lines import Lines, OriginTest

TAG = "akkeris/build"


class BuildEvent(Struct, gc=False):
    metadata: str
    message: str | None = None


class BuildFormat:
    def __init__(self, topic: str) -> None:
        self._records = JsonRecords(BuildEvent, _lenient)
        self._origins = Origins(TAG, "build")

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        origins, texts, kept = [], [], []
        for event, message in zip(*self._records.events_of(records, malformed), strict=True):
            origin = self._origins.named(event.metadata)
            if origin is None:
                malformed.add(records.partition, message, "no_app")
            elif wants(origin):
                origins.append(origin)
                texts.append(event.message or "")
                kept.append(message)
        return lines_of_records(origins, said(texts), kept)


def _lenient(fields: dict[str, Any]) -> BuildEvent:
    metadata, message = fields.get("metadata"), fields.get("message")
    if not isinstance(metadata, str):
        raise MalformedError("no_app")
    if not isinstance(message, str | None):
        raise MalformedError("message_not_text")
    return BuildEvent(metadata, message)
