"""Drains as the original's clients know them, and what may be asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers

from drains.fields import UndecryptableError
from drains.models import Drain


class StrictText(serializers.CharField):
    """JSON text only; DRF's own field would take numbers and trim white space."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("must be text")
        return data

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is None:
            raise serializers.ValidationError("must be text")
        return super().run_validation(data)


class DrainRequest(serializers.Serializer[Any]):
    """The body of a POST; of a PATCH, where nothing is required."""

    url = StrictText()
    name = StrictText(required=False)


def drain_json(drain: Drain) -> dict[str, Any]:
    """A drain as answers show it."""
    return {
        "addon": {"id": "", "name": ""},
        "created_at": _rfc3339(drain.created_at),
        "id": str(drain.pk),
        "token": str(drain.key),
        "updated_at": _rfc3339(drain.updated_at),
        "url": _url_of(drain),
        "name": drain.name,
        "paused": drain.paused,
    }


def _url_of(drain: Drain) -> str:
    """As it was given. One that nobody can read must not hide the others: without its secrets."""
    try:
        return drain.plain_url
    except UndecryptableError:
        return drain.address


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
