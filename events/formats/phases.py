"""Pod phases: what Kubernetes says of a pod, in the words of a dyno (docs/sources.md)."""

from __future__ import annotations

import re

PREFIX = "Phase: "

_SAID = (
    ("Phase: Creating -- ", "Creating Dyno"),
    ("Phase: Pending/ --", "Waiting on Dyno"),
    ("Phase: Pending/waiting --", "Waiting on Dyno"),
    ("Phase: Running/waiting --", 'at=error code=H10 desc="App crashed"'),
    ("Phase: Running/running --", "Checking Dyno Health"),
    ("Phase: Deleting -- pod", "Deleting Dyno"),
)
_TERMINATED = "Phase: Running/terminated --"
_EXIT_CODE = re.compile(r"exitCode=(-?\d+)", re.ASCII)


def translate(text: str) -> str:
    """The text for a line that begins with `PREFIX`; a phase that has no words stays as it is."""
    for begins, said in _SAID:
        if text.startswith(begins):
            return said
    if text.startswith(_TERMINATED):
        code = _EXIT_CODE.search(text)
        return f"Dyno exited (exit code {code[1]})" if code else "Dyno exited"
    return text
