"""What lies in the cache is data: whoever can write there must not have code run here."""

from __future__ import annotations

from typing import Any

import msgspec


class PlainJson:
    """A serializer of django-redis'. What comes out of it is for the reader to check by type."""

    def __init__(self, options: dict[str, Any]) -> None: ...

    def dumps(self, value: Any) -> bytes:
        """Raises TypeError for what is no data. Numbers are as INCR wants them."""
        return msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        """Raises ValueError for what nobody can read."""
        try:
            return msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError("this is no JSON") from error
