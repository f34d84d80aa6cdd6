"""The order in which a router writes its pairs. It is the same line after line, so one regular
expression reads a line whole, where taking it apart pair by pair costs three times as much.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

# Lifted out of the pairs that stay; `source` stays too, in another form.
LIFTED = frozenset({"hostname", "path", "site_domain", "site_path", "timestamp"})

KEYS_MAX, KEY_CHARACTERS_MAX = 64, 64
"""Of a layout: the expression for a larger one would take long to make."""

WebLine = tuple[str, str, str, str, str]
"""Host name, path, site, the site's path, and the pairs that stay, joined."""
WebColumns = Sequence[Sequence[str]]
"""The same in columns."""

# No ASCII white space; of the expressions that `re` is quick at the one that it quickly compiles:
# any range of characters beyond ASCII takes it a millisecond, and a layout has two for each key.
_VALUE = r"(?a:\S)*"
# The same, and in double quotes spaces too.
_QUOTED_TOO = rf'(?>"(?:[^"\\\n]++|\\.)*+"(?![^ \n])|{_VALUE})'
# Where nothing says whose a line is, finding that out is a matter of its own.
_FILLED = r"(?=[^ \n])"


class Layout:
    """Reads lines with exactly these keys in this order and single spaces between."""

    def __init__(
        self, keys: Sequence[str], forwarded_for: Callable[[Sequence[str]], Sequence[str]]
    ) -> None:
        """`forwarded_for`: what stays of each `source`."""
        self._forwarded_for = forwarded_for
        parts: list[str] = []
        groups: list[str] = []
        kept: list[str] = []
        owner = "hostname" if "hostname" in keys else "site_domain"
        for key in [*keys, None]:
            if kept and (key is None or key in LIFTED or key == "source"):
                parts.append(f"({' '.join(kept)})")
                groups.append("")
                kept = []
            if key == "timestamp":
                parts.append(f"timestamp={_VALUE}")
            elif key in LIFTED or key == "source":
                parts.append(f"{key}={_FILLED if key == owner else ''}({_VALUE})")
                groups.append(str(key))
            elif key is not None:
                kept.append(f"{re.escape(key)}={_VALUE}")
        # The empty group is what a line gives for a key that it does not have.
        line = rf"^{' '.join(parts)}()$"
        self._find = re.compile(line, re.MULTILINE).findall
        self._find_quoted = re.compile(line.replace(_VALUE, _QUOTED_TOO), re.MULTILINE).findall
        self._stay = [index for index, name in enumerate(groups) if name in ("", "source")]
        self._source = groups.index("source") if "source" in groups else -1
        self._names = [
            groups.index(name) if name in groups else -1
            for name in ("hostname", "path", "site_domain", "site_path")
        ]

    def read(self, lines: Sequence[bytes | None]) -> WebColumns | None:
        """All of them, or None when one is laid out otherwise."""
        try:
            joined = b"\n".join(lines)  # type: ignore[arg-type]
            find = self._find_quoted if b'"' in joined else self._find
            found = find(joined.decode())
        except (TypeError, UnicodeDecodeError):  # a record without a value; no UTF-8
            return None
        # Each match is a line of `joined`, so as many matches as lines and records are all.
        if not found or len(found) != len(lines) or joined.count(b"\n") != len(lines) - 1:
            return None
        columns: list[Sequence[str]] = list(zip(*found, strict=True))
        if self._source >= 0:
            columns[self._source] = self._forwarded_for(columns[self._source])
        stay = zip(*(columns[index] for index in self._stay), strict=True)
        pairs = list(map(" ".join, stay)) if self._stay else columns[-1]
        return [*(columns[index] for index in self._names), pairs]


def has_layout(keys: Sequence[str]) -> bool:
    """Whether lines with these keys can be read so.

    A key that comes twice is a matter of its own, and so is a line that only `host` names an app
    of, or nothing. What `findall` gives for a single group is no tuple.
    """
    if len(keys) > KEYS_MAX or max(map(len, keys), default=0) > KEY_CHARACTERS_MAX:
        return False
    if "hostname" not in keys and ("site_domain" not in keys or "host" in keys):
        return False
    special = [key for key in keys if key in LIFTED or key == "source"]
    gives = any(key != "timestamp" for key in keys)
    return gives and len(special) == len(set(special))
