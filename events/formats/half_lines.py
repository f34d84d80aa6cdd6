"""Docker's half lines: it ends a line with a LF, and cuts a long one into pieces without."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_

from events.formats.kubernetes_event import KubernetesEvent
from events.lines import Origin


def docker_halves(
    origins: Sequence[Origin],
    events: Sequence[KubernetesEvent],
    texts: Sequence[str],
    shown: Sequence[str],
) -> int:
    """How many texts lack the LF that others of the same pod end with.

    `shown`: the texts without it; one that had none is the very same. Other runtimes never write
    a LF and Docker nearly always does: for both this ends before anything is worked out a line.
    """
    if shown == texts or not any(map(is_, shown, texts)):
        return 0
    dockers = [
        (origin, text.endswith("\n"))
        for origin, event, text in zip(origins, events, texts, strict=True)
        if event.may_be_dockers
    ]
    whole = {origin for origin, ends in dockers if ends}
    return sum(not ends and origin in whole for origin, ends in dockers)
