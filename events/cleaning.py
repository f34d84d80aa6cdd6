"""What text from outside must not do to a line of ours: end it, or make up another's field."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NO_BREAKS = str.maketrans("\r\n\0", "   ")
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x21-\x7e]+")


def one_line(text: str) -> str:
    """CR, LF and NUL become spaces, every other character passes."""
    if "\n" in text or "\r" in text or "\0" in text:
        return text.translate(_NO_BREAKS)
    return text


def bodies(texts: Sequence[str]) -> list[bytes]:
    """Each as it stands in a record, on one line and in UTF-8. All at once: most texts have nothing
    that is to be cleaned."""
    encoded = list(map(str.encode, texts))
    joined = b"\n".join(encoded)
    if joined.count(b"\n") == len(encoded) - 1 and b"\r" not in joined and b"\0" not in joined:
        return encoded
    return [one_line(text).encode() for text in texts]


def field(text: str, limit: int) -> str:
    """A header field: bytes 33 to 126 only, cut to `limit` of them, `-` when nothing is left."""
    return _NOT_PRINTABLE_ASCII.sub("", text)[:limit] or "-"
