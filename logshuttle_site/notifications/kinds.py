"""What operators are told of, by the types that messages have."""

from __future__ import annotations

FAILING = "drains.failing"
RECOVERED = "drains.recovered"
ENDED = "drains.ended"
"""They fail no more, and nobody has seen that they work: paused, deleted, …"""
LOST = "lines.lost"
LAG = "lag.half_of_retention"
CERTIFICATE = "certificate.ends"
NO_WORKER = "workers.none"
WORKERS_BACK = "workers.back"
WORKER_GONE = "workers.gone"
"""One of several, without a word."""
TEST = "test"

WISHES = {
    FAILING: "Drains that fail",
    RECOVERED: "Drains that have recovered, or fail no more",
    LOST: "Lines lost",
    LAG: "Lag at half of Kafka's retention",
    CERTIFICATE: "Certificates that end in 30, 7 and 1 days",
    NO_WORKER: "No worker, workers that are gone, workers that are back",
}
"""What can be chosen."""

_BELONGS = {ENDED: RECOVERED, WORKERS_BACK: NO_WORKER, WORKER_GONE: NO_WORKER}


def wish_of(kind: str) -> str:
    """Whoever has chosen this is told of the kind."""
    return _BELONGS.get(kind, kind)
