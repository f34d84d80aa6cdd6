"""A session's row as the cache has it: JSON of these fields, and nothing that could run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from sessions_app.models import TailSession

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Row(msgspec.Struct, frozen=True):
    id: int
    name: str
    app: str
    space: str
    site: str
    lines: Annotated[int, msgspec.Meta(ge=0)] | None
    tail: bool
    sources: list[str]
    processes: list[str]
    streams: list[str]
    text: str
    created_at: _Moment
    opened_at: _Moment | None
    ends_at: _Moment
    revoked_at: _Moment | None
    since: _Moment | None = None
    until: _Moment | None = None


def data_of(row: TailSession) -> str:
    return msgspec.json.encode(msgspec.convert(row, _Row, from_attributes=True)).decode()


def row_of(data: object, name: str) -> TailSession | None:
    """The row of this name; None for all else that may lie in a cache."""
    try:
        found = msgspec.json.decode(data, type=_Row) if isinstance(data, str) else None
        if found is None or found.name != name:
            return None
        row = TailSession(**msgspec.structs.asdict(found))
        row.session  # noqa: B018 - raises ValueError for an owner that nobody can be
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    row._state.adding = False
    return row
