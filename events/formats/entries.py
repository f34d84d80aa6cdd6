"""Formats whose entries name an app and have the time of their record: access and build lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic

from confluent_kafka import Message

from events.formats.json_records import Event, JsonRecords, Lenient
from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import Named
from events.kafka.records import PartitionRecords
from events.lines import Lines, Origin, OriginTest


class EntryFormat(ABC, Generic[Event]):
    def __init__(self, entry_type: type[Event], lenient: Lenient[Event]) -> None:
        self._records = JsonRecords(entry_type, lenient)

    @abstractmethod
    def named_by(self, entry: Event) -> Named:
        """Whose it is. Raises MalformedError where it is nobody's."""

    @abstractmethod
    def text_of(self, entry: Event, name: str) -> str:
        """`name`: of its app, as it gives it."""

    def shown(self, texts: list[str]) -> list[str]:
        return texts

    def entries_of(
        self, records: PartitionRecords, malformed: Malformed
    ) -> tuple[Sequence[Event], Sequence[Message]]:
        """With the record of each."""
        return self._records.events_of(records, malformed)

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        origins, texts, kept = [], [], []
        named_by, text_of = self.named_by, self.text_of
        for entry, message in zip(*self.entries_of(records, malformed), strict=True):
            try:
                origin, name = named_by(entry)
            except MalformedError as error:
                malformed.add(records.partition, message, error.reason)
                continue
            if wants(origin):
                origins.append(origin)
                texts.append(text_of(entry, name))
                kept.append(message)
        return lines_of_records(origins, self.shown(texts), kept)

    def line_of(self, fields: dict[str, Any], malformed: Malformed) -> tuple[Origin, str]:
        """One entry that has come among others of another kind. Raises MalformedError."""
        entry = self._records.lenient(fields, malformed)
        origin, name = self.named_by(entry)
        (text,) = self.shown([self.text_of(entry, name)])
        return origin, text
