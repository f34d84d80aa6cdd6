"""A test line, as pages show it (overview.js)."""

from __future__ import annotations

from dataclasses import asdict

from drains.errors import DrainError
from drains.models import Drain
from drains.trials import try_out


def tried_out(drain: Drain) -> dict[str, object]:
    """What is said, whether it went well, and each step."""
    try:
        ok, steps = try_out(drain)
    except DrainError as error:
        return {"said": str(error)}
    said = f"A test line of {drain.owner_name}"
    return {"said": said, "ok": ok, "steps": [asdict(step) for step in steps]}
