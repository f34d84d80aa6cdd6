"""Docker's half lines: it ends a line with a LF, and cuts a long one into pieces without."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_

from events.lines import Origin


def docker_halves(origins: Sequence[Origin], texts: Sequence[str], shown: Sequence[str]) -> int:
    """How many of these lack the LF that other texts of the same pod end with.

    `shown`: the texts without it; one that had none is the very same. Other runtimes never write
    a LF and Docker nearly always does: for both this ends before anything is worked out a line.
    """
    if shown == texts or not any(map(is_, shown, texts)):
        return 0
    ends = [text.endswith("\n") for text in texts]
    dockers = {origin for origin, end in zip(origins, ends, strict=True) if end}
    return sum(not end and origin in dockers for origin, end in zip(origins, ends, strict=True))
