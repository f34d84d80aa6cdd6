"""What a drain's URL may look like, as text: refused before anything parses it.

`urlsplit` silently drops line breaks, and takes port 0, spaces and backslashes in an authority, so
nothing odd may reach it.
"""

from __future__ import annotations

import re

URL_CHARACTERS_MAX = 2048
REDACTED = "***"
"""Stands in answers for a part of a URL that is secret."""

_ODD = re.compile(r"[^\x21-\x7e]|\\")
_ENDS_AUTHORITY = re.compile(r"[/?#]")
_CUT_PASSWORD = re.compile(r"[^/?#]*//[^/?#@\[]+:\d*([/?])[^#]*@.*")
_IN_PASSWORD = re.compile(r"@|:(?!\d*$)")  # what stands behind the colon is no port


def refuse_odd_text(url: str) -> None:
    """Raises ValueError, in a sentence for the drain's owner."""
    if not url:
        raise ValueError("a URL is required")
    if len(url) > URL_CHARACTERS_MAX:
        raise ValueError(f"the URL is longer than {URL_CHARACTERS_MAX} characters")
    odd = _ODD.search(url)
    if odd is None:
        return
    if odd[0] == " ":
        raise ValueError("the URL contains a space: in a path or password write it as %20")
    if odd[0] == "\\":
        raise ValueError("the URL contains a backslash: in a password write it as %5C")
    if odd[0] < " " or odd[0] == "\x7f":
        raise ValueError("the URL contains a control character")
    raise ValueError("the URL contains a character that is not ASCII: encode it first")


def refuse_redacted(url: str) -> None:
    """Of a new URL: one that was read from an answer lacks its secrets. Raises ValueError."""
    if REDACTED in url:
        raise ValueError(
            f"the URL holds {REDACTED}, where an answer left a secret out: give it whole"
        )


def refuse_cut_password(url: str) -> None:
    """`https://me:12/34@h/` is a host, a port and a path, of which the password would be shown.
    Raises ValueError."""
    found = _CUT_PASSWORD.fullmatch(url)
    if found is not None:
        raise ValueError(
            "the URL has an @ behind a port: in a path or query write it as %40,"
            f" in a password write {_encoded(found[1])}"
        )


def reserved_hint(url: str) -> str:
    """What to add to a fault of a URL whose password seems to hold a character that ends it."""
    before_host = url.rpartition("@")[0].partition("://")[2]
    found = _ENDS_AUTHORITY.search(before_host)
    if found is None or not _IN_PASSWORD.search(before_host[: found.start()]):
        return ""
    return f": in a password write {_encoded(found[0])}"


def _encoded(character: str) -> str:
    return f"{character} as %{ord(character):02X}"
