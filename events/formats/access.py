"""Access lines of Istio and of Envoy, which share a topic: an entry's content tells which it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast, get_args

import msgspec
from confluent_kafka import Message
from msgspec import Struct
from msgspec.structs import FieldInfo

from events.formats import envoy, istio
from events.formats.entries import EntryFormat
from events.formats.malformed import Malformed
from events.formats.origins import ROUTER_TAG, Named, Names, Origins, Whose, app_of
from events.formats.texts import as_given
from events.kafka.records import PartitionRecords
from events.kept import Room


class AccessEntry(istio.IstioEntry, gc=False):
    """Istio's fields, or Envoy's, which always has `common_properties`."""

    common_properties: envoy.CommonProperties | None = None
    protocol_version: str | None = None
    request: envoy.Request | None = None
    response: envoy.Response | None = None


class AccessFormat(EntryFormat[AccessEntry]):
    def __init__(self, topic: str, room: Room) -> None:
        super().__init__(AccessEntry, _lenient)
        origins = Origins(room, ROUTER_TAG, "router")
        self._apps = Names(room, origins, _app_and_space)
        self._clusters = Names(room, origins, envoy.app_of_cluster)

    def entries_of(
        self, records: PartitionRecords, malformed: Malformed
    ) -> tuple[Sequence[AccessEntry], Sequence[Message]]:
        entries, messages = super().entries_of(records, malformed)
        names = [e.common_properties or e.app or e.upstream_cluster for e in entries]
        if all(names):
            return entries, messages
        return self._records.complete(
            _names_nobody, entries, messages, records.partition, malformed
        )

    def named_of(self, entries: Sequence[AccessEntry]) -> list[Named | None]:
        apps, clusters = self._apps, self._clusters
        return [
            apps[entry.app, entry.space]
            if (common := entry.common_properties) is None and entry.app and entry.space
            else clusters[(entry if common is None else common).upstream_cluster or ""]
            for entry in entries
        ]

    def reason_for(self, entry: AccessEntry) -> str:
        if entry.common_properties or entry.upstream_cluster:
            return "no_app_in_upstream_cluster"
        return "no_space" if entry.app and not entry.space else "no_app"

    def texts_of(self, entries: Sequence[AccessEntry], names: Sequence[str]) -> list[str]:
        commons = [entry.common_properties for entry in entries]
        if None not in commons:
            return envoy.texts_of(
                names,
                cast(list[envoy.CommonProperties], commons),
                [entry.protocol_version for entry in entries],
                [entry.request for entry in entries],
                [entry.response for entry in entries],
            )
        if any(commons):  # one proxy's among another's
            pairs = zip(entries, names, strict=True)
            return [text for entry, name in pairs for text in self.texts_of([entry], [name])]
        return [
            istio.text_of(
                entry if entry.app and entry.space else istio.with_our_names(entry, name), name
            )
            for entry, name in zip(entries, names, strict=True)
        ]


def _app_and_space(names: tuple[str, str]) -> Whose | None:
    return app_of(*names)


def _names_nobody(entry: AccessEntry) -> bool:
    return not (entry.common_properties or entry.app or entry.upstream_cluster)


def _lenient(fields: dict[str, Any], _: Malformed) -> AccessEntry:
    return _read_as(AccessEntry, fields)


EntryT = TypeVar("EntryT", bound=Struct)


def _read_as(kind: type[EntryT], fields: dict[str, Any]) -> EntryT:
    """Reads each field by itself, by either name, so that one of an odd type does not cost the
    line."""
    read = {}
    for field, in_camel_case in _fields_of(kind):
        value = fields.get(field.encode_name)
        read[field.name] = _read_field(field, fields.get(in_camel_case) if value is None else value)
    return kind(**read)


@cache
def _fields_of(kind: type[Struct]) -> list[tuple[FieldInfo, str]]:
    """Each with its other name: `upstream_cluster` is `upstreamCluster` in the JSON of protobuf."""
    return [
        (field, "".join([field.name[:1], field.name.title().replace("_", "")[1:]]))
        for field in msgspec.structs.fields(kind)
    ]


def _read_field(field: FieldInfo, value: object) -> object:
    """Of odd types text fields take the JSON, others nothing."""
    wanted = get_args(field.type)
    if isinstance(value, dict) and issubclass(wanted[0], Struct):
        return _read_as(wanted[0], value)
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        return as_given(envoy.in_words(field.name, value)) if str in wanted else None
