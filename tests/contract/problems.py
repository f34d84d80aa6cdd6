"""What every error of the REST API looks like."""

from __future__ import annotations

from typing import Any


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["message"] == body["detail"] != ""
    assert {"type", "title"} <= body.keys()
    return body
