"""What a drain's URL may look like, as text: refused before anything parses it.

`urlsplit` silently drops line breaks, and takes port 0, spaces and backslashes in an authority
(reliability.md section 2.1), so nothing odd may reach it.
"""

from __future__ import annotations

import re

URL_CHARACTERS_MAX = 2048

_ODD = re.compile(r"[^\x21-\x7e]|\\")


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
        raise ValueError("the URL contains a space")
    if odd[0] == "\\":
        raise ValueError("the URL contains a backslash")
    if odd[0] < " " or odd[0] == "\x7f":
        raise ValueError("the URL contains a control character")
    raise ValueError("the URL contains a character that is not ASCII: encode it first")
