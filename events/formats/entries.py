"""Formats whose entries name an app and have the time of their record: access and build lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import compress
from typing import Any, Generic

from confluent_kafka import Message

from events.formats.json_records import Event, JsonRecords, Lenient
from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import Named, wanted_rows
from events.kafka.records import PartitionRecords
from events.lines import NO_LINES, Lines, Origin, OriginTest


class EntryFormat(ABC, Generic[Event]):
    def __init__(self, entry_type: type[Event], lenient: Lenient[Event]) -> None:
        self._records = JsonRecords(entry_type, lenient)

    @abstractmethod
    def named_of(self, entries: Sequence[Event]) -> list[Named | None]:
        """Whose each is; None: nobody's."""

    @abstractmethod
    def reason_for(self, entry: Event) -> str:
        """Why it is nobody's."""

    @abstractmethod
    def texts_of(self, entries: Sequence[Event], names: Sequence[str]) -> list[str]:
        """What their lines say. `names`: of each one's app, as it gives it."""

    def entries_of(
        self, records: PartitionRecords, malformed: Malformed
    ) -> tuple[Sequence[Event], Sequence[Message]]:
        """With the record of each."""
        return self._records.events_of(records, malformed)

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        entries, messages = self.entries_of(records, malformed)
        found = self.named_of(entries)
        if not all(found):
            for entry, message, named in zip(entries, messages, found, strict=True):
                if named is None:
                    malformed.add(records.partition, message, self.reason_for(entry))
            entries, messages = list(compress(entries, found)), list(compress(messages, found))
        all_named = list(filter(None, found))
        if not all_named:
            return NO_LINES
        origins, names = zip(*all_named, strict=True)
        columns = wanted_rows(wants, origins, names, entries, messages)
        origins, names, entries, messages = columns
        return lines_of_records(list(origins), self.texts_of(entries, names), messages)

    def line_of(self, fields: dict[str, Any], malformed: Malformed) -> tuple[Origin, str]:
        """One entry that has come among others of another kind. Raises MalformedError."""
        entry = self._records.lenient(fields, malformed)
        (named,) = self.named_of([entry])
        if named is None:
            raise MalformedError(self.reason_for(entry))
        origin, name = named
        (text,) = self.texts_of([entry], [name])
        return origin, text
