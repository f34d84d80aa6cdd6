"""Router lines as text: `key=value` pairs with white space between (nginx, F5).

Only ASCII white space separates: a request's path may hold any other, and must not be able to
bring pairs of its own, such as the name of another app.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from events.formats.origins import Origins
from events.formats.record_times import record_times
from events.lines import LogLine, Severity
from events.malformed import Malformed
from events.records import Run, offset_of

TAG = "akkeris/router"

_LIFTED = frozenset({b"hostname", b"path", b"site_domain", b"site_path", b"timestamp"})
_HEX = frozenset("0123456789abcdefABCDEF")


class WebFormat:
    """A record is one line of an app, and the same once more for a site where it names one."""

    def __init__(self, topic: str) -> None:
        self._origins = Origins(TAG, "router")

    def lines_of(self, run: Run, malformed: Malformed) -> list[LogLine]:
        lines: list[LogLine] = []
        times = record_times(run)
        for index, value in enumerate(run.values):
            reason = self._read(value, times[index], lines)
            if reason:
                malformed.add(*run.source, offset_of(run.messages[index]), reason, value)
        return lines

    def _read(self, value: bytes | None, time: str, lines: list[LogLine]) -> str | None:
        """Adds the lines of one record; or says why it has none."""
        if not value:
            return "empty"
        kept = []
        lifted = {}
        for token in value.split():
            key, equals, text = token.partition(b"=")
            if not equals:
                return "not_pairs"
            if key in _LIFTED:
                lifted[key] = text
            elif key == b"source":
                kept.append(_forwarded_for(text))
            else:
                kept.append(token)
        pairs = b" ".join(kept).decode("utf-8", "replace_each_byte")
        return self._add_lines(pairs, lifted, time, lines)

    def _add_lines(
        self, pairs: str, lifted: dict[bytes, bytes], time: str, lines: list[LogLine]
    ) -> str | None:
        name = _text(lifted.get(b"hostname")).partition(".")[0]
        origin = self._origins.named(name)
        if origin is not None:
            path = _text(lifted.get(b"path"))
            text = f"{pairs} host={origin.key} path={path}"
            lines.append(LogLine(origin, time, Severity.INFO, text))
        site = _text(lifted.get(b"site_domain"))
        if site:
            path = _text(lifted.get(b"site_path"))
            text = f"{pairs} host={site} path={path}"
            lines.append(LogLine(self._origins.site(site), time, Severity.INFO, text))
        return None if origin or site else "no_app"


def _forwarded_for(source: bytes) -> bytes:
    r"""`10.0.0.1%2C+10.0.0.2` → `fwd="10.0.0.1, 10.0.0.2"`; a bad escape leaves it as it is."""
    if b"%" in source or b"+" in source:
        text = _text(source)
        if all(_HEX.issuperset(part[:2]) and len(part) > 1 for part in text.split("%")[1:]):
            source = unquote_plus(text).encode("utf-8", "replace")
    return b'fwd="' + source + b'"'


def _text(value: bytes | None) -> str:
    return value.decode("utf-8", "replace_each_byte") if value else ""
