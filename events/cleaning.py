"""What text from outside must not do to a line of ours: end it, or make up another's field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

_NO_BREAKS = str.maketrans("\r\n\0", "   ")
_LF = ord("\n")
_last_of = itemgetter(-1)
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x21-\x7e]+")


def one_line(text: str) -> str:
    """CR, LF and NUL become spaces, every other character passes."""
    if "\n" in text or "\r" in text or "\0" in text:
        return text.translate(_NO_BREAKS)
    return text


def bodies(texts: Sequence[str]) -> list[bytes]:
    """Each as it stands in a record: on one line, in UTF-8, with a LF at its end. All at once: most
    texts have nothing that is to be cleaned."""
    encoded = list(map(str.encode, texts))
    joined = b"".join(encoded)
    if b"\n" in joined or b"\r" in joined or b"\0" in joined:
        return [one_line(text).encode() + b"\n" for text in texts]
    return [text + b"\n" for text in encoded]


def bodies_if_alike(texts: Sequence[str]) -> list[bytes] | None:
    """The same of texts of which each ends with a LF that it does not say, or none does. None where
    that is not so, or a text has any other break: then a closer look is due."""
    encoded = list(map(str.encode, texts))
    joined = b"".join(encoded)
    if b"\r" in joined or b"\0" in joined:
        return None
    breaks = joined.count(b"\n")
    if not breaks:
        return [text + b"\n" for text in encoded]
    # Each is asked: one without a LF and one with two would make up for each other.
    if breaks == len(texts) and all(encoded) and set(map(_last_of, encoded)) == {_LF}:
        return encoded
    return None


def field(text: str, limit: int) -> str:
    """A header field: bytes 33 to 126 only, cut to `limit` of them, `-` when nothing is left."""
    return _NOT_PRINTABLE_ASCII.sub("", text)[:limit] or "-"
