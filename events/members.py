"""Members of a JSON object that nobody knows: each named, with the nearest that is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice

# Bounds of what a body made for that purpose costs: look-ups of near names, and the answer.
_TOLD_MAX = 10
_NAME_CHARACTERS_MAX = 60


def unknown_members(given: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Why each that is not known is wrong, by its name; the first ones, where there are many."""
    unknown = (name[:_NAME_CHARACTERS_MAX] for name in given if name not in known)
    return {name: f"is not known: {_meant(name, known)}" for name in islice(unknown, _TOLD_MAX)}


def _meant(name: str, known: Collection[str]) -> str:
    written = name.lower()
    near = get_close_matches(written, known, 1)
    longer = [each for each in known if written and each.startswith(written)]  # cert: certificate
    meant = next(iter([*near, *longer]), None)
    return f"did you mean {meant}?" if meant else f"{', '.join(known)} are"
