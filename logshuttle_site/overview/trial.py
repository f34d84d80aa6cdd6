"""A test line, as pages show it (overview.js)."""

from __future__ import annotations

from drains.errors import DrainError
from drains.models import Drain
from drains.trials import try_out


def tried_out(drain: Drain) -> dict[str, object]:
    """What is said, whether it went well, and each step."""
    try:
        ok, steps = try_out(drain)
    except DrainError as error:
        return {"said": str(error)}
    told = [{"step": of.step, "ok": of.ok, "ms": of.ms, "detail": of.detail} for of in steps]
    return {"said": f"A test line of {drain.owner_name}", "ok": ok, "steps": told}
