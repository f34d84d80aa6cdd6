"""One shape for every refusal: RFC 9457 problem details, with `message` for the original's clients.

`{"type", "title", "status", "detail", "message"}`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, **members: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "message": detail,
        **members,
    }
