"""What a receiver may say that answers nothing: so much an hour, then it is left alone."""

from __future__ import annotations

import pytest

from drains.delivery.network.errors import FloodError
from drains.delivery.network.heard import REST_SECONDS, UNANSWERING_BYTES_MAX, Heard

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_so_much_an_hour_is_nothing(clock: Clock) -> None:
    heard = Heard("app", clock)
    for _ in range(5):
        heard.add(UNANSWERING_BYTES_MAX)
        clock.now += HOUR
    heard.check()


def test_more_is_a_flood_and_says_so(clock: Clock) -> None:
    heard = Heard("app", clock)
    heard.add(UNANSWERING_BYTES_MAX)
    with pytest.raises(FloodError) as error:
        heard.add(1)
    assert str(error.value) == (
        "the receiver floods us: 64 KiB of TLS records within an hour that answer nothing"
    )
    assert REST_SECONDS[0] <= error.value.retry_after_seconds <= REST_SECONDS[1]


def test_a_receiver_that_has_flooded_us_is_left_alone(clock: Clock) -> None:
    heard = Heard("app", clock)
    rest_seconds = heard.flooded("it talks").retry_after_seconds
    clock.now += rest_seconds - 1
    with pytest.raises(FloodError, match="the receiver floods us: it talks") as error:
        heard.check()
    assert error.value.retry_after_seconds == pytest.approx(1)
    clock.now += 1
    heard.check()


def test_the_rest_forgives_no_more_than_its_part_of_an_hour(clock: Clock) -> None:
    heard = Heard("app", clock)
    with pytest.raises(FloodError):
        heard.add(UNANSWERING_BYTES_MAX + 1)
    clock.now += REST_SECONDS[1]
    with pytest.raises(FloodError):
        heard.add(round(UNANSWERING_BYTES_MAX * REST_SECONDS[1] / HOUR) + 1)
