"""Parts of an operation, as OpenAPI 3.1 has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Part = dict[str, Any]

JSON, PROBLEM, TEXT, PAGE = (
    "application/json",
    "application/problem+json",
    "text/plain",
    "text/html",
)


def ref(name: str, of: str = "schemas") -> Part:
    return {"$ref": f"#/components/{of}/{name}"}


def answer(
    says: str, schema: Part, media: Sequence[str] = (JSON,), *, headers: Sequence[str] = ()
) -> Part:
    """`headers`: names of components."""
    told: Part = {"description": says, "content": {kind: {"schema": schema} for kind in media}}
    named = {_NAMES[name]: ref(name, "headers") for name in headers}
    return told | ({"headers": named} if named else {})


def links(parameters: Mapping[str, str], *operations: str) -> Part:
    """Where to go on from an answer: `parameters` of each of these operations."""
    return {name: {"operationId": name, "parameters": dict(parameters)} for name in operations}


def body(schema: Part, **examples: Mapping[str, Any]) -> Part:
    """`examples`: bodies, by a few words for each, with underscores between them."""
    named = {
        words: {"summary": words.replace("_", " "), "value": value}
        for words, value in examples.items()
    }
    return {"required": True, "content": {JSON: {"schema": schema, "examples": named}}}


def problems(*statuses: int) -> Part:
    """Answers by status, each as components.py has it."""
    return {str(status): ref(f"Problem{status}", "responses") for status in sorted(statuses)}


def query(name: str, says: str, schema: Part) -> Part:
    return {"in": "query", "name": name, "description": says, "schema": schema}


def array(schema: Part) -> Part:
    return {"type": "array", "items": schema}


def record(properties: Mapping[str, Part], says: str = "") -> Part:
    """An object that has all of these."""
    told: Part = {"description": says} if says else {}
    return told | {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
    }


def maybe(schema: Part) -> Part:
    """It, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


_NAMES = {"ETag": "ETag", "RetryAfter": "Retry-After", "Challenge": "WWW-Authenticate"}
