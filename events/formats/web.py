"""Router lines as text: `key=value` pairs with white space between (nginx, F5).

Only ASCII white space separates: a request's path may hold any other, and must not be able to
bring pairs of its own, such as the name of another app.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import cast
from urllib.parse import unquote_plus

from confluent_kafka import Message

from events.formats.kafka_stamps import lines_of_records
from events.formats.malformed import Malformed, MalformedError
from events.formats.origins import (
    ROUTER_TAG,
    Named,
    Names,
    Origins,
    app_of_host,
    may_name_an_app,
    site_named,
    wanted_rows,
)
from events.formats.texts import utf8_text
from events.formats.web_json import JsonAmongText, begins_like_json
from events.formats.web_layout import LIFTED, Layout, WebColumns, WebLine, has_layout
from events.kafka.records import PartitionRecords
from events.kept import Room
from events.lines import Lines, Origin, OriginTest

LAYOUTS_MAX = 100
LEARN_SECONDS = 1.0
"""From one layout to the next: each takes some milliseconds to make."""
PAIRS_MAX = 1000

_HEX = frozenset("0123456789abcdefABCDEF")

# A pair whose value is in double quotes, blanks and all.
_QUOTED = rb'[^\s=]*+="(?:[^"\\]++|\\.)*+"(?!\S)'
# What has no blank, with what follows a comma at its end and is no pair: nginx writes
# `0.000, 0.016` of two upstreams.
_PLAIN = rb"\S++(?:(?<=,)\s++[^\s=]++(?!\S))*+"
_quoted_or_plain = re.compile(_QUOTED + b"|" + _PLAIN, re.DOTALL)
_plain = re.compile(_PLAIN)

# Routers write an empty `site_domain` for what is no site's.
_OWNER = rb"(?:hostname=|host=|site_domain=\S)"
_names_owner = re.compile(_OWNER).match
_hides_owner = re.compile(rb"\s" + _OWNER).search


class WebFormat:
    """A record is one line of an app, and the same once more for a site where it names one."""

    def __init__(self, topic: str, room: Room) -> None:
        origins = Origins(room, ROUTER_TAG, "router")
        self._apps = Names(room, origins, app_of_host)
        self._sites = Names(room, origins, site_named)
        self._json = JsonAmongText(topic, room)
        self._layouts: dict[tuple[str, ...], Layout] = {}
        self._layout: Layout | None = None
        self._last_keys: tuple[str, ...] = ()
        self._learns_at = 0.0

    def lines_of(self, records: PartitionRecords, malformed: Malformed, wants: OriginTest) -> Lines:
        values = records.values
        columns = self._layout.read(values) if self._layout else None
        if columns is not None:
            lines = self._lines_of_apps(columns, records.messages, wants)
            if lines is not None:
                return lines
            rows: Sequence[WebLine | None] | None = list(zip(*columns, strict=True))
        else:
            rows = _read_among_json(self._layout, values) if self._layout else None
        return self._lines_of_rows(rows, values, records, malformed, wants)

    def _lines_of_apps(
        self, columns: WebColumns, messages: Sequence[Message], wants: OriginTest
    ) -> Lines | None:
        """When each is an app's and none a site's too; else None."""
        hostnames, paths, sites, _, pairs = columns
        found = list(map(self._apps.__getitem__, hostnames))
        if any(sites) or not all(found):
            return None
        origins, names = zip(*cast(list[Named], found), strict=True)
        origins, messages, *given = wanted_rows(wants, origins, messages, pairs, names, paths)
        rows = zip(*given, strict=True)
        texts = [f"{kept} host={name} path={path}" for kept, name, path in rows]
        return lines_of_records(list(origins), texts, messages)

    def _lines_of_rows(
        self,
        rows: Sequence[WebLine | None] | None,
        values: Sequence[bytes | None],
        records: PartitionRecords,
        malformed: Malformed,
        wants: OriginTest,
    ) -> Lines:
        """Line by line; `rows`: as a layout has read them, with None for JSON."""
        origins: list[Origin] = []
        texts: list[str] = []
        kept: list[Message] = []
        apps, sites = self._apps, self._sites
        for index, message in enumerate(records.messages):
            try:
                line = rows[index] if rows else self._taken_apart(values[index])
            except MalformedError as error:
                malformed.add(records.partition, message, error.reason)
                continue
            if line is None:
                for origin, text in self._json.lines_of(records.partition, message, malformed):
                    if wants(origin):
                        origins.append(origin)
                        texts.append(text)
                        kept.append(message)
                continue
            hostname, path, site, site_path, pairs = line
            found = (apps[hostname], path), (sites[site] if site else None, site_path)
            if not any(named for named, _ in found):
                reason = "no_app_in_hostname" if hostname else "no_hostname"
                malformed.add(records.partition, message, reason)
            for named, its_path in found:
                if named is not None and wants(named[0]):
                    origins.append(named[0])
                    texts.append(f"{pairs} host={named[1]} path={its_path}")
                    kept.append(message)
        return lines_of_records(origins, texts, kept)

    def _taken_apart(self, value: bytes | None) -> WebLine | None:
        """Pair by pair; None for JSON. A layout is remembered when it is seen twice. Raises
        MalformedError."""
        if not value:
            raise MalformedError("empty")
        if begins_like_json(value):
            return None
        tokens = _tokens_of(value)
        if len(tokens) > PAIRS_MAX:
            raise MalformedError("too_many_pairs")
        kept, keys = [], []
        values = {}
        for token in tokens:
            pair = utf8_text(token)
            key, equals, text = pair.partition("=")
            if not equals:
                raise MalformedError("not_pairs")
            keys.append(key)
            values[key] = text
            if key not in LIFTED:
                kept.append(_forwarded_for(text) if key == "source" else pair)
        self._learn(tuple(keys))
        return (
            values.get("hostname") or _app_asked_for(values),
            values.get("path", ""),
            values.get("site_domain", ""),
            values.get("site_path", ""),
            " ".join(kept),
        )

    def _learn(self, keys: tuple[str, ...]) -> None:
        known = self._layouts.get(keys)
        if known is not None:
            self._layout = known
        elif keys == self._last_keys and has_layout(keys) and self._may_learn():
            self._layout = self._layouts[keys] = Layout(keys, _all_forwarded_for)
        self._last_keys = keys

    def _may_learn(self) -> bool:
        now = time.monotonic()
        if now < self._learns_at or len(self._layouts) >= LAYOUTS_MAX:
            return False
        self._learns_at = now + LEARN_SECONDS
        return True


def _read_among_json(
    layout: Layout, values: Sequence[bytes | None]
) -> Sequence[WebLine | None] | None:
    """By a layout, JSON among them left out (None); None when another one is laid out otherwise."""
    texts = [value for value in values if not begins_like_json(value or b"")]
    if len(texts) == len(values) or (columns := layout.read(texts)) is None:
        return None
    lines = zip(*columns, strict=True)
    return [None if begins_like_json(value or b"") else next(lines) for value in values]


def _tokens_of(value: bytes) -> list[bytes]:
    """A quoted value that hides all that says whose the line is was none: quotes of two values that
    a client sent had met. Where several do, or it is said elsewhere, it may be a client's text."""
    tokens = _found(_quoted_or_plain, value)
    if b'="' in value and not any(map(_names_owner, tokens)):
        hiding = [index for index, token in enumerate(tokens) if _hides_owner(token)]
        if len(hiding) == 1:
            tokens[hiding[0] : hiding[0] + 1] = _found(_plain, tokens[hiding[0]])
    return tokens


def _found(pattern: re.Pattern[bytes], value: bytes) -> list[bytes]:
    """No more than it takes to see that they are too many: a pair has two bytes at least."""
    if len(value) < PAIRS_MAX * 2:
        return pattern.findall(value)
    return [match[0] for match in islice(pattern.finditer(value), PAIRS_MAX + 1)]


def _app_asked_for(values: Mapping[str, str]) -> str:
    """`host` where it can only mean an app, else nothing."""
    host = values.get("host", "")
    return host if may_name_an_app(host, values.get("site_domain", "")) else ""


def _all_forwarded_for(sources: Sequence[str]) -> Sequence[str]:
    joined = "".join(sources)
    if "%" in joined or "+" in joined:
        return list(map(_forwarded_for, sources))
    return [f'fwd="{source}"' for source in sources]


def _forwarded_for(source: str) -> str:
    r"""`10.0.0.1%2C+10.0.0.2` → `fwd="10.0.0.1, 10.0.0.2"`; a bad escape leaves it as it is."""
    if ("%" in source or "+" in source) and all(
        len(part) > 1 and _HEX.issuperset(part[:2]) for part in source.split("%")[1:]
    ):
        source = unquote_plus(source)
    return f'fwd="{source}"'
