"""What a message says, in one sentence and in its JSON."""

from __future__ import annotations

from typing import Any

import pytest

from logshuttle_site.notifications.texts import EACH_MAX, data_of, text_of
from logshuttle_site.notifications.webhook import body_of

AT = "2026-11-27T12:00:00.000Z"
FAILURE: dict[str, Any] = {
    "receiver": "logs.example:514",
    "host": "logs.example",
    "port": 514,
    "why": "HTTP 503: next try in 3 s",
    "reason": "HTTP 503",
    "drains": 2,
    "behind": 1204,
    "since": AT,
    "drain_ids": ["d1"],
    "owners": ["gold-gs"],
}
CERTIFICATE: dict[str, Any] = {
    "whose": "receiver",
    "host": "2001:db8::1",
    "port": 6514,
    "ends_at": AT,
    "drains": 1,
    "owner": "gold-gs",
    "days": 7,
}
WHEN = "2026-11-27 12:00:00 UTC"


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        (
            "drains.failing",
            FAILURE,
            f"logs.example:514: HTTP 503: next try in 3 s. 2 drains (gold-gs) fail since {WHEN}.",
        ),
        (
            "drains.failing",
            {**FAILURE, "drains": 1, "since": None, "owners": []},
            "logs.example:514: HTTP 503: next try in 3 s. 1 drain fails.",
        ),
        (
            "drains.recovered",
            {**FAILURE, "outcome": "recovered"},
            "logs.example:514 takes lines again: no drain fails there for: HTTP 503.",
        ),
        (
            "drains.ended",
            {**FAILURE, "outcome": "deleted"},
            "logs.example:514: HTTP 503: that is over, as its drains are deleted, or lead"
            " elsewhere.",
        ),
        (
            "lines.lost",
            {"lines": 1204, "reasons": {"a": 4, "b": 1200}, "since": AT},
            f"1,204 lines lost since {WHEN} (b 1,200, a 4).",
        ),
        (
            "certificate.ends",
            CERTIFICATE,
            f"The certificate of [2001:db8::1]:6514 ends at {WHEN}, within 7 days: 1 drain, such"
            " as gold-gs.",
        ),
        (
            "certificate.ends",
            {**CERTIFICATE, "whose": "client", "host": "logs.example", "days": 1},
            f"A drain's client certificate for logs.example:6514 ends at {WHEN}, within 1 day:"
            " 1 drain, such as gold-gs.",
        ),
        (
            "workers.none",
            {"last_word": AT},
            f"No worker has reported since {WHEN}: no drain gets a line. Lines wait in Kafka.",
        ),
        (
            "workers.none",
            {"last_word": None},
            "No worker has reported: no drain gets a line. Lines wait in Kafka.",
        ),
        ("workers.back", {"last_word": AT}, "Workers report again."),
        (
            "workers.gone",
            {"host": "host-1", "last_word": AT},
            f"A worker on host-1 is gone without a word: its last was at {WHEN}.",
        ),
    ],
)
def test_one_thing_is_a_sentence(kind: str, facts: dict[str, Any], said: str) -> None:
    assert text_of(kind, [facts]) == said


def test_of_many_some_are_named() -> None:
    facts = [{**FAILURE, "receiver": f"logs-{n}:514", "outcome": "paused"} for n in range(12)]
    text = text_of("drains.ended", facts)
    assert text.startswith("12 causes are over: logs-0:514: HTTP 503: that is over, as")
    assert text.count("logs-") == 3
    assert text.endswith("And 9 more.")
    data = data_of("drains.ended", facts, text)
    assert len(data["each"]) == 12
    assert data["text"] == text


@pytest.mark.parametrize("kind", ["lag.half_of_retention", "drains.failing"])
def test_of_very_many_the_first_are_told_and_how_many_there_are(kind: str) -> None:
    late = {"drain": "x" * 36, "owner": "gold-gs", "oldest_seconds": 9, "seconds_left": 1}
    facts = [{**FAILURE, **late, "drains": n} for n in range(10_000)]
    text = text_of(kind, facts)
    data = data_of(kind, facts, text)
    assert text.startswith("10,000 ")
    assert data["total"] == 10_000
    assert [of["drains"] for of in data["each"]] == [*range(EACH_MAX)]
    assert len(body_of(kind, AT, data)) < 50_000


def test_what_only_we_ask_for_is_not_sent() -> None:
    data = data_of("drains.failing", [FAILURE], "said")
    assert data.keys() == {"text", "receiver", "why", "drains", "behind", "since", "owners"}
