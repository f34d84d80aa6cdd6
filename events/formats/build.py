"""Build lines: `{"build":40,"job":"test","message":"Hello World","metadata":"app-space"}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from events.formats.entries import EntryFormat
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import Named, Names, Origins, app_named
from events.formats.said import said
from events.formats.texts import as_given
from events.kept import Room

TAG = "akkeris/build"

# Jenkins hides notes for its own pages between these two: base64 that no reader wants.
_HIDE, _SHOW = "\x1b[8m", "\x1b[0m"


class BuildEvent(Struct, gc=False):
    metadata: str
    message: str | None = None


class BuildFormat(EntryFormat[BuildEvent]):
    def __init__(self, topic: str, room: Room) -> None:
        super().__init__(BuildEvent, _lenient)
        self._apps = Names(room, Origins(room, TAG, "build"), app_named)

    def named_of(self, entries: Sequence[BuildEvent]) -> list[Named | None]:
        return list(map(self._apps.__getitem__, [entry.metadata for entry in entries]))

    def reason_for(self, entry: BuildEvent) -> str:
        return "no_app_in_metadata"

    def texts_of(self, entries: Sequence[BuildEvent], names: Sequence[str]) -> list[str]:
        texts = [entry.message or "" for entry in entries]
        return said(list(map(_without_notes, texts)) if _HIDE in "".join(texts) else texts)


def _without_notes(text: str) -> str:
    """A note that does not end is shown."""
    before, *rest = text.split(_HIDE)
    parts = [before]
    for part in rest:
        _, end, after = part.partition(_SHOW)
        parts.append(after if end else _HIDE + part)
    return "".join(parts)


def _lenient(fields: dict[str, Any], _: Malformed) -> BuildEvent:
    metadata = fields.get("metadata")
    if not isinstance(metadata, str):
        raise MalformedError("no_metadata")
    return BuildEvent(metadata, as_given(fields.get("message")))
