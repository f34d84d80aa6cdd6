"""A line of a stream taken apart, and as it is printed: for people, in colour, or as JSON."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from events.keys import Key, SiteKey
from logshuttle_site.terminal.escapes import shown
from logshuttle_site.terminal.levels import NONE, level_of

Print = Callable[[str], None]

_LINE = re.compile(r"(?P<time>\S+) (?P<name>\S+) (?P<tag>\S+): ?(?P<text>.*)", re.DOTALL)
_APP = re.compile(r"app\[(.*)\]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")

_RESET, _DIM, _MARK = "\x1b[0m", "\x1b[2m", "\x1b[7m"
_TAGS = tuple(f"\x1b[{code}m" for code in (36, 35, 34, 32, 96, 95, 94, 92))
_LEVELS = {"error": "\x1b[31m", "warn": "\x1b[33m", "debug": _DIM}


class Row(NamedTuple):
    time: str
    name: str
    tag: str
    """As it stands there: `app[web.5d9c7b8f6-x7k2p]`, `akkeris/router`."""
    text: str
    plain: str
    """Without colours: what patterns are looked for in."""
    source: str
    level: str


def row_of(line: str) -> Row:
    """A line as the server writes it; of any other all is text."""
    found = _LINE.fullmatch(line)
    time, name, tag, text = found.groups() if found else ("", "", "", line)
    source = {"akkeris/router": "router", "akkeris/build": "build"}.get(tag, "app")
    plain = _COLOUR.sub("", text)
    return Row(time, name, tag, text, plain, source, level_of(plain, source))


class RowPrinter:
    """Prints those that the options leave."""

    def __init__(self, options: Namespace, *, colours: bool, out: Print) -> None:
        self._options = options
        self._colours = colours
        self._print = out
        self._tags: dict[str, str] = {}
        """Colours, the next one for each that is met."""

    def show(self, line: str) -> None:
        row = row_of(line)
        if self._is_wanted(row):
            self._print(self._printed(line, row))

    def _is_wanted(self, row: Row) -> bool:
        asked = self._options
        if asked.level and row.level not in asked.level:
            return False
        if not all(pattern.search(row.plain) for pattern in asked.regex):
            return False
        return not any(pattern.search(row.plain) for pattern in asked.exclude)

    def _printed(self, line: str, row: Row) -> str:
        if self._options.json:
            return _as_json(row, self._options.owner)
        if self._options.local and row.time:
            row = row._replace(time=_local(row.time))
            line = f"{row.time} {row.name} {row.tag}: {row.text}"
        if self._options.raw:
            return line
        if not self._colours or not row.tag:
            return shown(line, colours=self._colours)
        tag = self._tags.setdefault(row.tag, _TAGS[len(self._tags) % len(_TAGS)])
        head = f"{_DIM}{row.time}{_RESET} {row.name} {tag}{row.tag}{_RESET}: "
        return shown(head, colours=True) + self._text_of(row)

    def _text_of(self, row: Row) -> str:
        """In the level's colour, unless the app has colours of its own; marks go over both."""
        if any(pattern.search(row.plain) for pattern in self._options.highlight):
            return self._marked(row.plain)
        colour = _LEVELS.get(row.level, "") if row.plain == row.text else ""
        text = shown(row.text, colours=True)
        return f"{colour}{text}{_RESET}" if colour else text

    def _marked(self, text: str) -> str:
        marks = {
            spot
            for pattern in self._options.highlight
            for found in pattern.finditer(text)
            for spot in range(*found.span())
        }
        pieces, begin = [], 0
        for end in range(1, len(text) + 1):
            if end == len(text) or (end in marks) != (begin in marks):
                piece = shown(text[begin:end], colours=False)
                pieces.append(f"{_MARK}{piece}{_RESET}" if begin in marks else piece)
                begin = end
        return "".join(pieces)


def _as_json(row: Row, owner: Key) -> str:
    app, space = ("", "") if isinstance(owner, SiteKey) else owner
    inside = _APP.fullmatch(row.tag)
    members = {
        "time": row.time,
        "app": app,
        "space": space,
        "source": row.source,
        "process": inside[1].partition(".")[0] if inside else "",
        "tag": inside[1] if inside else row.tag,
        "level": "" if row.level == NONE else row.level,
        "text": row.text,
    }
    if isinstance(owner, SiteKey):
        members["site"] = owner.site
    return json.dumps(members, ensure_ascii=False)


def _local(time: str) -> str:
    try:
        return datetime.fromisoformat(time).astimezone().isoformat()
    except ValueError:
        return time
