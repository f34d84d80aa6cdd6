"""What an option's JSON looks like, as JSON Schema (2020-12) says it: for who describes the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if "enum" in schema:
        schema = schema | {"enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]}


def object_of(members: Mapping[str, Schema]) -> Schema:
    """An object that has these members alone, each of which may be null."""
    properties = {name: or_null(schema) for name, schema in members.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def string(characters_max: int, **more: Any) -> Schema:
    return {"type": "string", "maxLength": characters_max, **more}
