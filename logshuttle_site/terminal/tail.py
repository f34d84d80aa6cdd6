"""`logshuttle tail APP-SPACE`: an app's lines in the terminal, as they come. Knows no Django."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import Namespace

from logshuttle_site.terminal.client import TailClient, TailFailedError
from logshuttle_site.terminal.options import asked_of, parsed
from logshuttle_site.terminal.rows import RowPrinter

_NOTICE, _RESET = "\x1b[33m", "\x1b[0m"


def main(words: list[str], prog: str = "logshuttle tail") -> int:
    """The exit status."""
    options = parsed(words, os.environ, prog)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    printer = RowPrinter(options, colours=_has_colours(options), out=_print)
    client = TailClient(options.url, options.key, printer.show, _note)
    try:
        asyncio.run(client.run(asked_of(options)))
    except TailFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has enough; nothing more may be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        pass
    return 0


def _has_colours(options: Namespace) -> bool:
    if options.force_color:
        return True
    return not (options.no_color or os.environ.get("NO_COLOR")) and sys.stdout.isatty()


def _print(line: str) -> None:
    print(line, flush=True)


def _note(text: str) -> None:
    """What is said about lines goes to stderr: a pipe has lines alone."""
    is_coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    print(f"{_NOTICE}{text}{_RESET}" if is_coloured else text, file=sys.stderr, flush=True)
