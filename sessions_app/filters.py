"""Whose lines, and which of them: the rules for what a client asks."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from events.keys import AppKey, Key, SiteKey
from events.owners import faults_of, owner_named
from events.topics import SOURCE_TOPICS
from sessions_app.errors import InvalidSessionError
from sessions_app.tail.session import Selection


class Filters(NamedTuple):
    """What a client asks to see; what is empty lets all pass."""

    sources: frozenset[str]
    processes: frozenset[str]
    streams: frozenset[str]
    text: str


def key_of(app: str, space: str, site: str) -> Key:
    """Names a site where one is given, else an app. Raises InvalidSessionError."""
    given = {"app": app, "space": space, "site": site}
    read = {**given, **SiteKey.named(site)._asdict()}
    faults = faults_of(
        {part: read[part] for part, text in given.items() if text},
        reserved=SOURCE_TOPICS,
        too_long="is longer than",
        no_space="is no space: may have only",
    )
    if not site:
        missing = {"app": app, "space": space}
        faults |= {field: "is required" for field, text in missing.items() if not text}
    if faults:
        raise InvalidSessionError(faults)
    return SiteKey(read["site"]) if site else AppKey(app, space)


def owner_of(text: str) -> dict[str, str]:
    """What people write: `shop-demo`, or `site:www.example.com`. As the API has it.

    Raises InvalidSessionError.
    """
    try:
        return owner_named(text, needs_space=True)._asdict()
    except ValueError as error:
        raise InvalidSessionError({"app": str(error)}) from None


def narrowed(selection: Selection, more: Filters) -> Selection:
    """Lines that both let pass: whoever has a session's URL sees no more than it was opened for.

    Raises InvalidSessionError where nothing would be left.
    """
    return replace(
        selection,
        sources=_both("source", selection.sources, more.sources),
        processes=_both("process", selection.processes, more.processes),
        streams=_both("stream", selection.streams, more.streams),
        text=_both_texts(selection.text, more.text),
    )


def _both(field: str, ours: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    if not ours or not theirs:
        return ours or theirs
    if not ours & theirs:
        raise InvalidSessionError({field: f"this session shows only {', '.join(sorted(ours))}"})
    return ours & theirs


def _both_texts(ours: str, theirs: str) -> str:
    if theirs.casefold() in ours.casefold():
        return ours
    if ours.casefold() in theirs.casefold():
        return theirs
    raise InvalidSessionError({"q": f"this session shows only lines with {ours!r}: add to that"})
