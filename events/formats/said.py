"""What a line says, of an app or of a build: less the newline at its end, phases in words."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from events.cleaning import bodies_if_alike
from events.formats import phases
from events.formats.texts import without_newline

_PHASE = phases.PREFIX.encode()
_first_of = itemgetter(0)


def bodies_if_plain(texts: Sequence[str]) -> list[bytes] | None:
    """The bodies of what `said` makes of these texts; None when it is to have a closer look."""
    bodies = bodies_if_alike(texts)
    if bodies and _PHASE[0] in set(map(_first_of, bodies)):
        return None if any(body.startswith(_PHASE) for body in bodies) else bodies
    return bodies


def said(texts: Sequence[str]) -> list[str]:
    """All records at once: most have none of what needs a closer look."""
    cleaned = [text.removesuffix("\n") for text in texts]
    joined = "\n".join(cleaned)
    if "\r" in joined:
        cleaned = list(map(without_newline, texts))
    if phases.PREFIX in joined:
        cleaned = [
            phases.translate(text) if text.startswith(phases.PREFIX) else text for text in cleaned
        ]
    return cleaned
