from __future__ import annotations

import json

import pytest

from logshuttle_site.connections.refusals import Refusals, answer_of


def test_a_refusal_is_a_whole_answer_in_the_words_of_the_api() -> None:
    head, _, body = answer_of(429, "too many").partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert status == "HTTP/1.1 429 Too Many Requests"
    assert "Content-Type: application/problem+json" in headers
    assert f"Content-Length: {len(body)}" in headers
    assert "Connection: close" in headers
    assert "Retry-After: 5" in headers
    assert json.loads(body)["message"] == "too many"


def test_each_reason_is_counted_and_logged_once_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    for _ in range(1000):
        refusals.note("slow", "192.0.2.1", "it took too long")
    refusals.note("large", "192.0.2.2", "it is too large")
    now[0] = 1.0
    refusals.note("slow", "192.0.2.3", "it took too long")

    assert refusals.counts == {"slow": 1001, "large": 1}
    assert [record.message for record in caplog.records] == [
        "Refused 192.0.2.1: it took too long",
        "Refused 192.0.2.2: it is too large",
        "Refused 192.0.2.3: it took too long (and 999 more since the last one)",
    ]
