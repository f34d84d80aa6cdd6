"""What of a drain may be told to whoever may read what was changed: all but its secrets."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from drains.fields import UndecryptableError
from drains.models import Drain
from drains.options.table import OPTIONS
from events.changes import Facts

_DEFAULTS = {name: option.told(option.default) for name, option in OPTIONS.items()}


def facts_of(drain: Drain) -> Facts:
    """All that its owner can set. An option that nobody can read any more counts as its default."""
    options = drain.shown_options
    told = {"url": drain.address, "name": drain.name, "paused": drain.paused}
    told |= {name: option.told(getattr(options, name)) for name, option in OPTIONS.items()}
    secret = [name for name, option in OPTIONS.items() if option.is_secret]
    return Facts(told, {"url": _url_of(drain), **{of: getattr(options, of) for of in secret}})


def chosen(drain: Drain) -> dict[str, Any]:
    """Of all that, what is not as it is by itself."""
    told = facts_of(drain).told
    return {name: what for name, what in told.items() if what and what != _DEFAULTS.get(name)}


def _url_of(drain: Drain) -> str | None:
    with suppress(UndecryptableError):
        return drain.plain_url
    return None
