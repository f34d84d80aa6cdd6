from __future__ import annotations

from events.backoff import FORGOTTEN_AFTER_SECONDS, Backoff


def test_waits_grow_from_one_second_to_a_minute() -> None:
    backoff = Backoff(1.0, 60.0)

    waits = [backoff.failed() for _ in range(200)]

    assert 1 <= waits[0] <= 2
    assert all(1 <= wait <= 60 for wait in waits)
    assert max(waits) > 30


def test_failures_are_forgotten_only_after_a_while_of_progress() -> None:
    backoff = Backoff(1.0, 60.0)
    for _ in range(10):
        backoff.failed()
    backoff.progressed(now=100)
    backoff.progressed(now=100 + FORGOTTEN_AFTER_SECONDS)

    assert backoff.failed() <= 2


def test_a_failure_begins_the_while_anew() -> None:
    backoff = Backoff(1.0, 60.0)
    for _ in range(30):
        backoff.failed()
    backoff.progressed(now=100)
    backoff.failed()
    backoff.progressed(now=100 + FORGOTTEN_AFTER_SECONDS)

    assert max(backoff.failed() for _ in range(50)) > 2


def test_a_day_of_failures_is_no_fault() -> None:
    backoff = Backoff(1.0, 60.0)

    assert all(backoff.failed() <= 60 for _ in range(3000))
