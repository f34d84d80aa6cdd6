"""Build lines: `{"build":40,"job":"test","message":"Hello World","metadata":"app-space"}`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from events.formats import phases
from events.formats.json_records import JsonRecords
from events.formats.origins import Origins
from events.formats.record_times import record_times
from events.formats.texts import without_newline
from events.lines import LogLine, Severity
from events.malformed import Malformed, MalformedError
from events.records import Run

TAG = "akkeris/build"


class BuildEvent(Struct, gc=False):
    metadata: str
    message: str | None = None


class BuildFormat:
    def __init__(self, topic: str) -> None:
        self._records = JsonRecords(BuildEvent, _lenient)
        self._origins = Origins(TAG, "build")

    def lines_of(self, run: Run, malformed: Malformed) -> list[LogLine]:
        events = self._records.events_of(run, malformed)
        times = record_times(run)
        lines = []
        for index, event in enumerate(events):
            if event is None:
                continue
            origin = self._origins.named(event.metadata)
            if origin is None:
                malformed.add(run, index, "no_app")
                continue
            text = without_newline(event.message or "")
            if text.startswith(phases.PREFIX):
                text = phases.translate(text)
            lines.append(LogLine(origin, times[index], Severity.INFO, text))
        return lines


def _lenient(fields: dict[str, Any]) -> BuildEvent:
    metadata, message = fields.get("metadata"), fields.get("message")
    if not isinstance(metadata, str):
        raise MalformedError("no_app")
    if not isinstance(message, str | None):
        raise MalformedError("message_not_text")
    return BuildEvent(metadata, message)
