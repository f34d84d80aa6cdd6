"""What `tail` is asked for, and by which key and URL: it wants no other settings."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from events.keys import SiteKey
from events.lines import SOURCES
from events.owners import faults_of, owner_named
from logshuttle_site.demo.demo_keys import running_demo
from logshuttle_site.env import Env
from logshuttle_site.terminal.levels import LEVELS, NONE

STREAMS = ("stdout", "stderr")
_PORT = "5000"
_DEMO = Path(".demo")


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line; the whole of the usage is what --help is for."""
        self.exit(2, f"{self.prog}: {message}\n")


def parsed(words: list[str], environ: Mapping[str, str], prog: str) -> Namespace:
    """With `owner`, `url` and `key`. Ends the process with 2 for what makes no sense."""
    parser = _parser(prog)
    options = parser.parse_args(words)
    env = Env(environ)
    url, key = options.url or _url_of(env), options.key or env.secret("AUTH_KEY")
    demo = running_demo(_DEMO)
    if demo and url in ("", demo[0]):
        url, key = demo[0], key or demo[1]
    options.url, options.key = url or f"http://127.0.0.1:{_PORT}", key
    if env.faults:
        parser.error("; ".join(env.faults))
    if not options.url.startswith(("http://", "https://")):
        parser.error(f"--url {options.url}: has to begin with http:// or https://")
    if not options.key:
        parser.error("no key: set AUTH_KEY, or give --key")
    return options


def asked_of(options: Namespace) -> dict[str, Any]:
    """The body of POST /log-sessions."""
    past = {name: getattr(options, name) for name in ("lines", "since", "until")}
    return {
        **options.owner._asdict(),
        **{name: value for name, value in past.items() if value is not None},
        "tail": not (options.no_tail or options.until),
        "source": options.source,
        "process": options.process,
        "stream": options.stream,
        "q": options.text,
    }


def _url_of(env: Env) -> str:
    """Empty where nothing says it."""
    port = env.text("PORT")
    return env.text("SESSION_URL") or (f"http://127.0.0.1:{port}" if port else "")


def _parser(prog: str) -> ArgumentParser:
    parser = _Parser(
        prog=prog,
        description="Prints the lines of an app or a site as they come, until Ctrl-C.",
        epilog="It wants a URL and a key alone. While `make run` runs in this folder it takes its.",
    )
    add = parser.add_argument
    add("owner", metavar="APP-SPACE", type=_owner, help="shop-demo, or site:www.example.com")
    add("--lines", type=int, help="so many of the past first (100; with --since all of it)")
    add("--since", metavar="TIME", help="2026-01-31T12:00:00Z, or how long ago: 15m, 2h, 1d")
    add("--until", metavar="TIME", help="the same: end there")
    add("--no-tail", action="store_true", help="end after them")
    which = parser.add_argument_group("which lines; the first four are looked for by the server")
    add = which.add_argument
    add("--source", type=_words(SOURCES), default=[], help=f"{', '.join(SOURCES)}: one, or more")
    add("--process", type=_words(), default=[], help="process types such as web,worker")
    add("--stream", type=_words(STREAMS), default=[], help=", ".join(STREAMS))
    add("--text", default="", help="only lines that have it, in any case")
    add("--regex", action="append", type=_pattern, default=[], help="only lines that match")
    add("--exclude", action="append", type=_pattern, default=[], help="no lines that match")
    levels = (*LEVELS, NONE)
    add("--level", type=_words(levels), default=[], help=f"{', '.join(levels)}: one, or more")
    how = parser.add_argument_group("how they look")
    add = how.add_argument
    add("--highlight", action="append", type=_pattern, default=[], help="mark what matches")
    add("--local", action="store_true", help="times of this machine instead of UTC")
    add("--json", action="store_true", help="an object a line: time, app, space, source, …")
    add("--raw", action="store_true", help="all escapes and control characters, for pipes")
    add("--no-color", action="store_true", help="as NO_COLOR does")
    add("--force-color", action="store_true", help="on a pipe too")
    whence = parser.add_argument_group("from where")
    add = whence.add_argument
    add("--url", help="where log sessions are served (SESSION_URL, else PORT on this machine)")
    add("--key", help="AUTH_KEY, or an API key with the scope sessions (AUTH_KEY)")
    return parser


def _owner(text: str) -> Any:
    try:
        owner = owner_named(text, needs_space=True)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
    if faults := faults_of({"site": owner.site} if isinstance(owner, SiteKey) else owner._asdict()):
        raise ArgumentTypeError("; ".join(f"{part} {fault}" for part, fault in faults.items()))
    return owner


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ArgumentTypeError(f"{text!r} is no pattern: {error}") from None


def _words(known: tuple[str, ...] = ()) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        words = [word for word in text.split(",") if word]
        if unknown := [word for word in words if known and word not in known]:
            raise ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return words

    return read
