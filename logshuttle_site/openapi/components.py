"""What operations share: schemas, problems, parameters, headers, and how a key is sent."""

from __future__ import annotations

from typing import Any

from logshuttle_site.openapi.drain_schemas import drain_schemas
from logshuttle_site.openapi.other_schemas import other_schemas
from logshuttle_site.openapi.overview_schema import overview_schema
from logshuttle_site.openapi.words import PROBLEM, Part, answer, ref
from logshuttle_site.problems import problem

SECURITY: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}]
"""Of all operations but those that are open: one of these."""

_SAID: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: ("What was sent makes no sense.", "the body is not a JSON object", {}),
    401: ("No key, or none that is known.", "send your key as `Authorization: <key>`", {}),
    403: (
        "The key lacks the scope that this wants.",
        "this key lacks the scope drains",
        {},
    ),
    404: (
        "There is none, or none that this key reaches.",
        "No such log drain or app found",
        {},
    ),
    408: ("The body came too slowly.", "the body has not come within 30 s", {}),
    409: (
        "A drain with this URL is there already, or it is paused.",
        "a drain with this URL exists already: 8f8dcd29-4e2d-4d3c-9f0d-4f9a3f3a1b5c",
        {"id": "8f8dcd29-4e2d-4d3c-9f0d-4f9a3f3a1b5c"},
    ),
    412: (
        "It is another by now than If-Match says.",
        "changed since it was read: filter. Read it again, and then change it",
        {"changed": ["filter"]},
    ),
    413: ("The body is too large.", "the body is larger than 256 KiB", {}),
    422: (
        "A field is wrong.",
        "framing: must be one of newline, octet",
        {"errors": [{"field": "framing", "detail": "must be one of newline, octet"}]},
    ),
    429: ("Too much was asked.", "this key has had its 600 requests of a minute.", {}),
    503: ("Not now.", "the database is away; try again soon", {}),
}
"""What each means, an example's sentence, and its members."""
_HEADERS = {401: ["Challenge"], 429: ["RetryAfter"], 503: ["RetryAfter"]}


def components() -> Part:
    return {
        "schemas": {**drain_schemas(), **other_schemas(), "Overview": overview_schema()},
        "responses": {f"Problem{status}": _problem(status) for status in _SAID},
        "parameters": _parameters(),
        "headers": _headers(),
        "securitySchemes": {
            "key": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "The key as it is.",
            },
            "bearer": {"type": "http", "scheme": "bearer", "description": "The same key."},
        },
    }


def _problem(status: int) -> Part:
    says, detail, members = _SAID[status]
    told = answer(says, ref("Problem"), [PROBLEM], headers=_HEADERS.get(status, []))
    told["content"][PROBLEM]["example"] = problem(status, detail, **members)
    return told


def _headers() -> Part:
    text: Part = {"type": "string"}
    return {
        "ETag": {
            "description": "The tag of its settings.",
            "required": True,
            "schema": text | {"pattern": '^"[A-Za-z0-9_-]+"$'},
        },
        "RetryAfter": {
            "description": "Seconds until it is worth another try.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "Challenge": {"required": True, "schema": text | {"const": "Bearer"}},
    }


def _parameters() -> Part:
    return {
        "AppKey": _in_path(
            "key",
            "An app and its space: `app-space`. Without a hyphen it is in `default`.",
            "shop-demo",
        ),
        "SiteKey": _in_path("key", "A host's name, in any spelling.", "www.example.com"),
        "DrainId": _in_path("drain_id", "A drain's id.", "8f8dcd29-4e2d-4d3c-9f0d-4f9a3f3a1b5c"),
        "SessionId": _in_path("session_id", "A session's id: the secret.", "the-id-of-a-session"),
        "IfMatch": {
            "in": "header",
            "name": "If-Match",
            "description": "Do it only if its settings have this tag (RFC 9110).",
            "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[\x21\x23-\x7e]*")$'},
        },
    }


def _in_path(name: str, says: str, example: str) -> Part:
    schema: Part = {"type": "string", "pattern": "^[^/]+$"}
    found = {"in": "path", "name": name, "required": True}
    return found | {"description": says, "schema": schema, "example": example}
