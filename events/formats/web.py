"""Router lines as text: `key=value` pairs with white space between (nginx, F5).

Only ASCII white space separates: a request's path may hold any other, and must not be able to
bring pairs of its own, such as the name of another app.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from confluent_kafka import Message

from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import Origins, app_or_none
from events.formats.web_layout import LIFTED, Layout, WebLine, has_layout
from events.kafka.records import PartitionRecords
from events.keys import AppKey
from events.lines import Lines, Origin, OriginTest

TAG = "akkeris/router"

LAYOUTS_MAX = 100

_HEX = frozenset("0123456789abcdefABCDEF")


class WebFormat:
    """A record is one line of an app, and the same once more for a site where it names one."""

    def __init__(self, topic: str) -> None:
        self._origins = Origins(TAG, "router")
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._layout: Layout | None = None
        self._last_keys: tuple[str, ...] = ()

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        origins: list[Origin] = []
        texts: list[str] = []
        kept: list[Message] = []
        values = records.values
        read = self._layout.read(values) if self._layout else None
        named = self._origins.named
        for index, value in enumerate(values):
            try:
                hostname, path, site, site_path, pairs = (
                    read[index] if read else self._taken_apart(value)
                )
                origin = named(hostname, _app_of)
                if origin is not None and wants(origin):
                    origins.append(origin)
                    texts.append(f"{pairs} host={origin.name} path={path}")
                    kept.append(records.messages[index])
                if site:
                    origin = self._origins.site(site)
                    if wants(origin):
                        origins.append(origin)
                        texts.append(f"{pairs} host={site} path={site_path}")
                        kept.append(records.messages[index])
                elif origin is None:
                    raise MalformedError("no_app")
            except MalformedError as error:
                malformed.add(records.partition, records.messages[index], error.reason)
        return lines_of_records(origins, texts, kept)

    def _taken_apart(self, value: bytes | None) -> WebLine:
        """Pair by pair. A layout is remembered when it is seen twice. Raises MalformedError."""
        if not value:
            raise MalformedError("empty")
        kept, keys = [], []
        lifted = dict.fromkeys(LIFTED, "")
        for token in value.split():
            pair = token.decode("utf-8", "replace_each_byte")
            key, equals, text = pair.partition("=")
            if not equals:
                raise MalformedError("not_pairs")
            keys.append(key)
            if key in LIFTED:
                lifted[key] = text
            else:
                kept.append(_forwarded_for(text) if key == "source" else pair)
        self._learn(tuple(keys))
        return (
            lifted["hostname"],
            lifted["path"],
            lifted["site_domain"],
            lifted["site_path"],
            " ".join(kept),
        )

    def _learn(self, keys: tuple[str, ...]) -> None:
        known = self._layouts.get(keys)
        if known is not None:
            self._layout = known
        elif keys == self._last_keys and has_layout(keys) and len(self._layouts) < LAYOUTS_MAX:
            self._layout = self._layouts[keys] = Layout(keys, _forwarded_for)
        self._last_keys = keys


def _app_of(hostname: str) -> AppKey | None:
    """`app-space.domain`."""
    return app_or_none(hostname.partition(".")[0])


def _forwarded_for(source: str) -> str:
    r"""`10.0.0.1%2C+10.0.0.2` → `fwd="10.0.0.1, 10.0.0.2"`; a bad escape leaves it as it is."""
    if ("%" in source or "+" in source) and all(
        len(part) > 1 and _HEX.issuperset(part[:2]) for part in source.split("%")[1:]
    ):
        source = unquote_plus(source)
    return f'fwd="{source}"'
