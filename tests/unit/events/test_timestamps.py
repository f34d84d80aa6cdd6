from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.formats.timestamps import rfc5424_time, rfc5424_time_of_ms, rfc5424_times

COMMON = "2016-08-24T17:03:20.080151664Z"


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        (COMMON, "2016-08-24T17:03:20.080151Z"),
        ("2016-08-24T17:03:20.999999999Z", "2016-08-24T17:03:20.999999Z"),
        ("2016-08-24T17:03:20.100000000Z", "2016-08-24T17:03:20.1Z"),
        ("2016-08-24T17:03:20.000000999Z", "2016-08-24T17:03:20Z"),
        ("2016-08-24T17:03:20.5+00:00", "2016-08-24T17:03:20.5Z"),
        ("2016-08-24T17:03:20.5-07:30", "2016-08-24T17:03:20.5-07:30"),
        ("2016-02-30T17:03:20.080151664Z", None),
        ("2016-08-24T17:03:60Z", None),
        ("2016-08-24T25:03:20Z", None),
        ("2016-08-24 17:03:20Z", None),
        ("2016-08-24T17:03:20.٠٨٠١٥١٦٦٤Z", None),
        ("2016-08-24T17:03:20Z\n", None),
        ("", None),
    ],
)
def test_a_time_is_cut_and_kept_or_refused(given_time: str, expected: str | None) -> None:
    assert rfc5424_time(given_time) == expected
    assert rfc5424_times([COMMON, given_time]) == ["2016-08-24T17:03:20.080151Z", expected]


@given(st.lists(st.datetimes(), min_size=1, max_size=20), st.integers(0, 999))
def test_a_batch_gives_what_each_time_gives_alone(moments: list, nanos: int) -> None:  # type: ignore[type-arg]
    texts = [f"{m:%Y-%m-%dT%H:%M:%S}.{m.microsecond:06d}{nanos:03d}Z".zfill(30) for m in moments]
    alone = [rfc5424_time(text) for text in texts]

    assert rfc5424_times(texts) == alone  # now by the fast way: the seconds are known


@pytest.mark.parametrize(
    ("epoch_ms", "expected"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_120, "2023-11-14T22:13:20.12Z"),
        (1_700_000_000_001, "2023-11-14T22:13:20.001Z"),
        (1_700_000_000_000_000, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_kafka_time_is_written_in_utc(epoch_ms: int, expected: str) -> None:
    assert rfc5424_time_of_ms(epoch_ms) == expected
