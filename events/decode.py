"""Which topic holds which format: records in, lines out.

Adding a source is one file in `formats/`, one line in `FORMATS`, one folder of golden cases.
"""

from __future__ import annotations

from typing import Protocol

from events.formats.kubernetes import KubernetesFormat
from events.lines import LogLine
from events.malformed import Malformed
from events.records import Run


class Format(Protocol):
    """Reads one topic's records. Bad ones are counted in `malformed`, never raised."""

    def lines_of(self, run: Run, malformed: Malformed) -> list[LogLine]: ...


# Topics that are not a space's: every other topic holds a space's Kubernetes lines.
FORMATS: dict[str, type[Format]] = {}


class Decoder:
    """All formats that one process has met, with their caches and the count of bad records."""

    def __init__(self) -> None:
        self.malformed = Malformed()
        self._formats: dict[str, Format] = {}

    def lines_of(self, run: Run, *, again: bool = False) -> list[LogLine]:
        """The lines of a run, in order. A record may give none (malformed) or several.

        `again`: these records have been decoded before, so bad ones are counted already.
        """
        topic = run.source.topic
        chosen = self._formats.get(topic)
        if chosen is None:
            known = FORMATS.get(topic)
            chosen = self._formats[topic] = known() if known else KubernetesFormat(topic)
        return chosen.lines_of(run, Malformed() if again else self.malformed)


# Topics of the other sources; a space cannot have one of their names.
SOURCE_TOPICS = frozenset({"alamoweblogs", "istio-access-logs", "alamobuildlogs"})


def is_space_topic(topic: str) -> bool:
    """Whether a topic holds a space's Kubernetes lines."""
    return topic not in SOURCE_TOPICS and not topic.startswith("_")
