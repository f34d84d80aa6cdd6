"""A session's past as a file: `?download=log`, `ndjson`, and both with `.gz`."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from django.http import QueryDict
from django.utils.text import get_valid_filename

from sessions_app.errors import InvalidSessionError
from sessions_app.tail.session import Session

_MEDIA_TYPES = {"log": "text/plain", "ndjson": "application/x-ndjson"}
_GZIP_BITS = 31
"""Of zlib's window, with a gzip header."""


class Download(NamedTuple):
    ending: str
    """Of the file: log, ndjson."""
    is_packed: bool

    @property
    def media_type(self) -> str:
        """Of its lines."""
        return _MEDIA_TYPES[self.ending]

    def headers(self, session: Session) -> dict[str, str]:
        now = datetime.now(UTC)
        name = get_valid_filename(f"{session.selection.key}-{now:%Y%m%dT%H%M%SZ}.{self.ending}")
        packed = ".gz" if self.is_packed else ""
        return {"Content-Disposition": f'attachment; filename="{name}{packed}"'}


def download_of(query: QueryDict) -> Download | None:
    """Raises InvalidSessionError."""
    if not (asked := query.get("download", "")):
        return None
    ending, dot, packed = asked.partition(".")
    if ending not in _MEDIA_TYPES or (dot and packed != "gz"):
        raise InvalidSessionError({"download": "must be log, ndjson, log.gz or ndjson.gz"})
    return Download(ending, bool(dot))


async def packed(body: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """gzip, as it comes: what has been read is on its way."""
    packer = zlib.compressobj(wbits=_GZIP_BITS)
    async with aclosing(body) as pieces:
        async for piece in pieces:
            if data := packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH):
                yield data
    yield packer.flush()
