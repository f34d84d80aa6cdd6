"""How much of the past a session shows: the rules for what a client asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from drains.moments import rfc3339
from sessions_app.errors import InvalidSessionError
from sessions_app.tail.past.limits import HELD_LINES_MAX
from sessions_app.tail.session import Session

LINES_DEFAULT, LINES_SHOWN_MAX = 100, 100_000


class AskedPast(NamedTuple):
    """None: nothing is said of it."""

    lines: int | None = None
    tail: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


class Past(NamedTuple):
    lines: int | None
    """So many of the last ones; None: all since `since`."""
    tail: bool = True
    since: datetime | None = None
    until: datetime | None = None


def past_of(asked: AskedPast) -> Past:
    """Of a new session. Without `lines`, all since `since` are wanted; nothing is live behind
    `until`. Raises InvalidSessionError."""
    _refuse_nothing(asked.since, asked.until)
    tail = asked.tail is not False and asked.until is None
    if asked.lines is None and asked.since is not None:
        return Past(None, tail, asked.since, asked.until)
    wanted = LINES_DEFAULT if asked.lines is None else asked.lines
    return Past(_shown(wanted, tail=tail), tail, asked.since, asked.until)


def seen(session: Session, asked: AskedPast) -> Session:
    """What one reader sees of it: never more than it was opened for.

    Raises InvalidSessionError.
    """
    since = _later("since", session.since, asked.since)
    until = _earlier("until", session.until, asked.until)
    if asked.tail and not session.tail:
        raise InvalidSessionError({"tail": "this session has no live lines"})
    _refuse_nothing(_moment(since), _moment(until))
    tail = session.tail and asked.tail is not False and until is None
    lines = session.lines
    if asked.lines is not None:
        lines = asked.lines
    elif asked.since is not None:
        lines = None
    lines = None if lines is None else _shown(lines, tail=tail)
    return replace(session, lines=lines, tail=tail, since=since, until=until)


def _shown(lines: int, *, tail: bool) -> int:
    return min(lines, HELD_LINES_MAX if tail else LINES_SHOWN_MAX)


def _later(field: str, ours: float | None, asked: datetime | None) -> float | None:
    if asked is None or ours is None:
        return ours if asked is None else asked.timestamp()
    if asked.timestamp() < ours:
        raise InvalidSessionError({field: f"this session shows nothing before {said(ours)}"})
    return asked.timestamp()


def _earlier(field: str, ours: float | None, asked: datetime | None) -> float | None:
    if asked is None or ours is None:
        return ours if asked is None else asked.timestamp()
    if asked.timestamp() > ours:
        raise InvalidSessionError({field: f"this session shows nothing after {said(ours)}"})
    return asked.timestamp()


def _refuse_nothing(since: datetime | None, until: datetime | None) -> None:
    if since is not None and until is not None and since >= until:
        raise InvalidSessionError({"since": "is not before `until`: nothing lies between"})


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def said(seconds: float) -> str:
    """Epoch seconds, as a client writes them."""
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
