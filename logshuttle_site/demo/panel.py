"""A panel that stays: addresses, lines to copy, what goes on; the newest records below it."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from logshuttle_site.demo.news import News
from logshuttle_site.demo.screen import Welcome
from logshuttle_site.terminal.escapes import shown
from logshuttle_site.terminal.levels import level_of

KEPT = 200
_COLOURS = ("cyan", "magenta", "blue", "green", "yellow")
_TONES = {"alarm": "bold red", "error": "bold red", "warn": "yellow", "good": "green"}
_LEVELS = {"error": "bold red", "warn": "yellow", "debug": "dim"}
_HEADER_FIELDS = 7  # of RFC 5424, before the message


class Panel:
    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._records: deque[str] = deque(maxlen=KEPT)
        self._colours: dict[str, str] = {}

    def show(self, record: str) -> None:
        self._records.append(record)

    def begin(self, welcome: Welcome, news: News) -> None:
        self._welcome, self._news = welcome, news
        self._live.start()
        self.renew()

    def renew(self) -> None:
        self._live.update(self, refresh=True)

    def end(self) -> None:
        """Only what stays of use is left on the screen."""
        if self._live.is_started:
            self._records.clear()
            self._live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = Group(*self._head(options.max_width))
        yield head
        used = len(console.render_lines(head, options, pad=False))
        room = max(console.size.height - used - 1, 0)
        for record in reversed(list(islice(reversed(self._records), room))):
            yield self._row(record)

    def _head(self, width: int) -> list[RenderableType]:
        addresses = Table.grid(padding=(0, 1))
        addresses.add_column(style="bold", no_wrap=True)
        addresses.add_column(overflow="fold")
        for name, value in (*self._welcome.addresses, ("Tail", self._news.tail_url)):
            addresses.add_row(name, Text(value))
        return [
            Rule("[bold]Log shuttle[/] · Ctrl-C ends it", style="cyan"),
            addresses,
            *(Text(note, style="yellow") for note in self._welcome.notes),
            Rule("to copy; the last one breaks a receiver for a minute", style="dim"),
            # Nothing stands beside them: a line that is chosen with the mouse is the line.
            *(Text(folded(command, width)) for command in self._welcome.commands),
            Rule(style="dim"),
            self._now(),
            Rule("what the receivers get", style="dim"),
        ]

    def _now(self) -> Text:
        news = self._news
        states = ", ".join(f"{count} {state}" for state, count in news.drains.items())
        return Text.assemble(
            (f"{news.lines_in:.0f} lines/s in, {news.lines_out:.0f} out", "bold"),
            f" · drains: {states or 'none yet'}\n",
            (news.head, _TONES.get(news.tone, "")),
        )

    def _row(self, record: str) -> Text:
        parts = record.split(" ", _HEADER_FIELDS)
        if len(parts) <= _HEADER_FIELDS:
            return Text(shown(record, colours=False), no_wrap=True, overflow="ellipsis")
        app, tag, message = parts[2], parts[3], shown(parts[7], colours=False)
        source = "router" if tag.endswith("/router") else "app"
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(f"{app} ", self._colour_of(app))
        row.append(f"{tag} ", "dim")
        row.append(message, _LEVELS.get(level_of(message, source), ""))
        return row

    def _colour_of(self, app: str) -> str:
        """The next one for each app that is met."""
        return self._colours.setdefault(app, _COLOURS[len(self._colours) % len(_COLOURS)])


def folded(command: str, width: int) -> str:
    """As a shell reads it in one: lines end with a backslash, also inside of double quotes."""
    lines = []
    while len(command) > width:
        cut = command.rfind(" ", 1, width - 1) + 1 or width - 1
        lines.append(command[:cut] + "\\")
        command = command[cut:]
    return "\n".join([*lines, command])
