"""What the bodies of all requests have in common: no member is passed over in silence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from events.members import unknown_members


class Body(serializers.Serializer[Any]):
    """A JSON object. A member that is neither a field nor named below is a fault of its own."""

    read_elsewhere: Collection[str] = ()
    """Known too, and no business of this class."""
    ignored: Collection[str] = ()
    """May stand there, and nothing comes of it."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError for all that is wrong."""
        unknown = unknown_members(
            (name for name in data if name not in self.ignored),
            [*self.fields, *self.read_elsewhere],
        )
        try:
            values = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **_messages(unknown)}) from None  # type: ignore[dict-item]
        if unknown:
            raise ValidationError(_messages(unknown))
        return values


class Flag(serializers.Field[bool, Any, bool, Any]):
    """JSON's true or false, and nothing that only looks like it."""

    default_error_messages = {"null": "must be true or false"}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("null")
        return data


def _messages(faults: dict[str, str]) -> dict[str, list[str]]:
    return {name: [why] for name, why in faults.items()}
