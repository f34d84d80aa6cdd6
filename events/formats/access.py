"""Access lines of Istio and of Envoy, which share a topic: an entry's content tells which it is."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Struct

from events.formats import envoy, istio
from events.formats.json_records import JsonRecords
from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed
from events.formats.origins import Origins
from events.formats.texts import as_given
from events.formats.web import TAG
from events.kafka.records import PartitionRecords
from events.lines import Lines, OriginTest


class AccessEntry(istio.IstioEntry, gc=False):
    """Istio's fields, or Envoy's, which always has `common_properties`."""

    common_properties: envoy.CommonProperties | None = None
    protocol_version: str | None = None
    request: envoy.Request | None = None
    response: envoy.Response | None = None


class AccessFormat:
    def __init__(self, topic: str) -> None:
        self._records = JsonRecords(AccessEntry, _lenient)
        self._origins = Origins(TAG, "router")

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        origins, texts, kept = [], [], []
        for entry, message in zip(*self._records.events_of(records, malformed), strict=True):
            common = entry.common_properties
            if common is None:
                key = istio.key_of(entry)
                origin = self._origins.of(key) if key else None
            else:
                origin = self._origins.named(common.upstream_cluster or "", envoy.key_of)
            if origin is None:
                malformed.add(records.partition, message, "no_app")
            elif wants(origin):
                origins.append(origin)
                texts.append(_text_of(entry, origin.name))
                kept.append(message)
        return lines_of_records(origins, texts, kept)


def _text_of(entry: AccessEntry, name: str) -> str:
    common = entry.common_properties
    if common is None:
        return istio.text_of(entry, name)
    protocol = entry.protocol_version
    return envoy.text_of(name, common, protocol, entry.request, entry.response)


def _lenient(fields: dict[str, Any]) -> AccessEntry:
    return _read_as(AccessEntry, fields)


EntryT = TypeVar("EntryT", bound=Struct)


def _read_as(kind: type[EntryT], fields: dict[str, Any]) -> EntryT:
    """Reads each field by itself, so that one of an odd type does not cost the line."""
    read = {}
    for field in msgspec.structs.fields(kind):
        value = fields.get(field.encode_name)
        try:
            read[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            read[field.name] = _of_odd_type(value, get_args(field.type))
    return kind(**read)


def _of_odd_type(value: object, wanted: tuple[Any, ...]) -> object:
    """Text fields take the value's JSON, objects what is readable of it, others nothing."""
    if str in wanted:
        return as_given(value)
    if isinstance(value, dict) and issubclass(wanted[0], Struct):
        return _read_as(wanted[0], value)
    return None
