"""What a line says, of an app or of a build: less the newline at its end, phases in words."""

from __future__ import annotations

from collections.abc import Sequence

from events.formats import phases
from events.formats.texts import without_newline


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
