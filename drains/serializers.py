"""Drains as the original's clients know them, and what may be asked of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from drains.fields import UndecryptableError
from drains.models import Drain, Start
from drains.moments import rfc3339
from drains.options.table import OPTIONS
from drains.status import status_of
from events.bodies import Body, Flag


class StrictText(serializers.CharField):
    """JSON text only; DRF's own field would take numbers and trim white space."""

    def __init__(self, *, null: str | None = None, **options: Any) -> None:
        """`null`: the text that null stands for, if it may be given."""
        super().__init__(trim_whitespace=False, allow_blank=True, **options)
        self.null = null

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        return data

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is None and self.null is not None:
            return self.null
        if data is None:
            raise serializers.ValidationError("must be text")
        return super().run_validation(data)


ANSWERED_ONLY = (
    *("addon", "created_at", "id", "token", "updated_at", "start", "state", "state_since"),
    *("reported_at", "next_try_at", "lag_messages", "lag_is_estimate", "lag_seconds"),
    *("lines_sent", "lines_lost", "lines_cut", "last_error", "last_error_at"),
    *("last_line_at", "last_delivery_at"),
)
"""Members of answers that nobody sets: passed over, so that an answer can be sent back."""


class DrainRequest(Body):
    """The body of a POST; of a PATCH, where nothing is required. The table reads options."""

    read_elsewhere = OPTIONS
    ignored = ANSWERED_ONLY

    url = StrictText(
        error_messages={"required": "is missing: where lines go, such as syslog+tls://host:port"}
    )
    name = StrictText(required=False, null="")
    paused = Flag(required=False)


class SendAgainRequest(Body):
    """The body of a POST to `…/replay`."""

    since = StrictText(error_messages={"required": "is missing: a time, or an age such as 15m"})


def drain_json(drain: Drain, *, shows_secrets: bool = False) -> dict[str, Any]:
    """A drain as answers show it. What of it is secret only to who may see that."""
    return {
        "addon": {"id": "", "name": ""},
        "created_at": rfc3339(drain.created_at),
        "id": str(drain.pk),
        "token": str(drain.key),
        "updated_at": rfc3339(drain.updated_at),
        "url": _url_of(drain) if shows_secrets else drain.address,
        "name": drain.name,
        **_options_json(drain, shows_secrets),
        "paused": drain.paused,
        **_status_json(drain),
    }


def _status_json(drain: Drain) -> dict[str, Any]:
    status = status_of(drain)
    return {
        "start": "exact" if drain.start == Start.EXACT else "approximate",
        "state": status.state,
        "state_since": rfc3339(status.state_since),
        "reported_at": _time(status.reported_at),
        "next_try_at": _time(status.next_try_at),
        "lag_messages": status.lag_messages,
        "lag_is_estimate": status.lag_is_estimate,
        "lag_seconds": round(status.lag_seconds, 1),
        "lines_sent": status.lines_sent,
        "lines_lost": status.lines_lost,
        "lines_cut": status.lines_cut,
        "last_error": status.last_error,
        "last_error_at": _time(status.last_error_at),
        "last_delivery_at": _time(status.last_delivery_at),
    }


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _options_json(drain: Drain, shows_secrets: bool) -> dict[str, Any]:
    shown = drain.shown_options
    found = {}
    for name, option in OPTIONS.items():
        show = option.show if shows_secrets else option.show_masked or option.show
        found[name] = show(getattr(shown, name))
    return found


def _url_of(drain: Drain) -> str:
    """As it was given. One that nobody can read must not hide the others: without its secrets."""
    try:
        return drain.plain_url
    except UndecryptableError:
        return drain.address
