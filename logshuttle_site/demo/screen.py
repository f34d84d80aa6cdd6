"""What a person sees of the demo: a panel on a terminal, and lines elsewhere."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol, TextIO

from logshuttle_site.demo.news import News


@dataclass(frozen=True)
class Welcome:
    """What stands there from the first moment on."""

    addresses: tuple[tuple[str, str], ...]
    """Names, and where that is."""
    commands: tuple[str, ...]
    """To copy, one a line: each works as it is, in the folder that the demo was started in."""
    notes: tuple[str, ...]


class Screen(Protocol):
    def show(self, record: str) -> None:
        """A receiver has got it."""

    def begin(self, welcome: Welcome, news: News) -> None: ...

    def renew(self) -> None:
        """There may be news."""

    def end(self) -> None:
        """May be called twice."""


class PlainScreen:
    """For pipes and logs: the welcome once, and with `shows_lines` each record."""

    def __init__(self, stream: TextIO, shows_lines: bool) -> None:
        self._stream = stream
        self._shows_lines = shows_lines

    def show(self, record: str) -> None:
        if self._shows_lines:
            self._print(record)

    def begin(self, welcome: Welcome, news: News) -> None:
        addresses = (*welcome.addresses, ("Tail", news.tail_url))
        width = max(len(name) for name, _ in addresses) + 2
        rows = [f"{name:{width}}{value}" for name, value in addresses]
        self._print("\n".join(["", *rows, *welcome.notes, "", *welcome.commands, ""]))

    def renew(self) -> None:
        pass

    def end(self) -> None:
        pass

    def _print(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def screen_on(stream: TextIO, *, shows_lines: bool) -> Screen:
    """A panel where `stream` is a terminal and rich is installed (requirements-demo.txt)."""
    if stream.isatty():
        try:
            panel: Screen = importlib.import_module("logshuttle_site.demo.panel").Panel(stream)
        except ImportError:
            return PlainScreen(stream, shows_lines)
        return panel
    return PlainScreen(stream, shows_lines)
