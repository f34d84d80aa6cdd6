"""Lines of apps for a terminal: colours may pass, and nothing else that it would obey."""

from __future__ import annotations

import re

_RESET = "\x1b[0m"
# As on the tail page (list/controls.js): C0 but tab, C1, bidi controls, what has no width,
# separators, tags. A colour is the one escape that is looked for whole.
_UNSEEN = re.compile(
    r"(?P<colour>\x1b\[[0-9;:]{0,64}m)"
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    r"\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def shown(text: str, *, colours: bool) -> str:
    """`text` with all that is unseen made visible; colours (SGR) stay, or are taken out.

    A colour ends with its line.
    """
    if text.isprintable():
        return text
    visible = _UNSEEN.sub(_coloured if colours else _plain, text)
    return visible + _RESET if "\x1b" in visible else visible


def _coloured(found: re.Match[str]) -> str:
    return found["colour"] or _name_of(found[0])


def _plain(found: re.Match[str]) -> str:
    return "" if found["colour"] else _name_of(found[0])


def _name_of(character: str) -> str:
    """^[ for ESC and so on, U+202E where there is no such name."""
    code = ord(character)
    return f"^{chr(code ^ 0x40)}" if code < 0x20 or code == 0x7F else f"U+{code:04X}"
