"""`manage.py tail APP-SPACE`: an app's lines in the terminal, as they come."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style

from events.lines import SOURCES
from logshuttle_site.tail_client import Say, TailClient, TailFailedError
from logshuttle_site.terminal import shown
from sessions_app.errors import InvalidSessionError
from sessions_app.filters import owner_of
from sessions_app.past import LINES_DEFAULT
from sessions_app.serializers import STREAMS


class Command(BaseCommand):
    help = "Prints the lines of an app or a site as they come, until Ctrl-C. runweb has to run."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("owner", metavar="APP-SPACE", help="shop-demo, or site:www.example.com")
        parser.add_argument(
            "--lines", type=int, default=LINES_DEFAULT, help="so many of the past first (100)"
        )
        parser.add_argument("--no-tail", action="store_true", help="end after them")
        parser.add_argument(
            "--source", default="", help=f"{', '.join(SOURCES)}: one, or more behind commas"
        )
        parser.add_argument("--process", default="", help="process types such as web, worker")
        parser.add_argument("--stream", default="", help=", ".join(STREAMS))
        parser.add_argument("--text", default="", help="only lines that have it, in any case")
        parser.add_argument(
            "--raw", action="store_true", help="all escapes and control characters, for pipes"
        )
        parser.add_argument(
            "--url",
            default=settings.SESSION_URL or f"http://127.0.0.1:{settings.PORT}",
            help="where log sessions are served (SESSION_URL, else PORT on this machine)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["url"].startswith(("http://", "https://")):
            raise CommandError(f"--url {options['url']}: has to begin with http:// or https://")
        try:
            owner = owner_of(options["owner"])
        except InvalidSessionError as error:
            raise CommandError(str(error)) from None
        asked = {
            **owner,
            "lines": options["lines"],
            "tail": not options["no_tail"],
            "source": _words(options["source"]),
            "process": _words(options["process"]),
            "stream": _words(options["stream"]),
            "q": options["text"],
        }
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        show = _print if options["raw"] else self._shown_for(options)
        client = TailClient(options["url"], settings.AUTH_KEY, show, self._note)
        try:
            asyncio.run(client.run(asked))
        except TailFailedError as error:
            raise CommandError(str(error)) from error
        except BrokenPipeError:  # `| head` has enough; nothing more may be flushed at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            return

    def _shown_for(self, options: dict[str, Any]) -> Say:
        is_wanted = not (settings.NO_COLOR or options["no_color"])
        colours = options["force_color"] or (is_wanted and sys.stdout.isatty())
        if not colours:
            self.style = no_style()
        return lambda line: _print(shown(line, colours=colours))

    def _note(self, text: str) -> None:
        self.stderr.write(self.style.NOTICE(text))


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _print(line: str) -> None:
    print(line, flush=True)
