from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drains.moments import moment_of
from events.formats.timestamps import (
    Moment,
    common_stamps,
    first_time,
    rfc5424_time,
    rfc5424_time_of_ms,
)


class NewerDatetime(datetime):
    """As newer Pythons have it: 24:00:00 is the next day's first second."""

    @classmethod
    def fromisoformat(cls, text: str) -> Self:
        return super().fromisoformat(re.sub(r"[T ]24:00", "T00:00", text))


def times_of(moments: Sequence[Moment]) -> list[str | None]:
    """As a run of lines has them."""
    stamps = common_stamps(moments)
    if stamps is None:
        return [rfc5424_time(moment) for moment in moments]
    return [(stamp + stamps.zone).decode() for stamp in stamps.column]


@pytest.fixture(autouse=True)
def _newer_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.formats.timestamps.datetime", NewerDatetime)
    monkeypatch.setattr("drains.moments.parse_datetime", NewerDatetime.fromisoformat)


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
        ("2016-08-24T24:00:00Z", None),
        ("2016-08-24T24:00:00.000000000Z", None),
        ("2016-08-24T24:00:00+02:00", None),
        ("2016-08-24T17:03:20+24:00", None),
        ("2016-08-24T17:03:20+02:60", None),
        ("2016-08-24T17:03:20+08", "2016-08-24T17:03:20+08:00"),
        ("2016-08-24T17:03:20.5-0730", "2016-08-24T17:03:20.5-07:30"),
        ("2016-08-24T17:03:20+0000", "2016-08-24T17:03:20Z"),
        ("2016-08-24T17:03:20+00", "2016-08-24T17:03:20Z"),
        ("2016-08-24T17:03:20+08:", None),
        ("2016-08-24T17:03:20+8", None),
        ("2016-08-24 17:03:20Z", None),
        ("2016-08-24T17:03:20.٠٨٠١٥١٦٦٤Z", None),
        ("2016-08-24T17:03:20Z\n", None),
        ("", None),
    ],
)
def test_a_time_is_cut_and_kept_or_refused(given_time: str, expected: str | None) -> None:
    assert rfc5424_time(given_time) == expected
    assert times_of([COMMON, given_time]) == ["2016-08-24T17:03:20.080151Z", expected]
    assert times_of([COMMON]) == ["2016-08-24T17:03:20.080151Z"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1_471_712_600, "2016-08-20T17:03:20Z"),
        (1_471_712_600.5, "2016-08-20T17:03:20.5Z"),
        (1_471_712_600.954726, "2016-08-20T17:03:20.954726Z"),
        (1_471_712_600_080, "2016-08-20T17:03:20.08Z"),
        (1_471_712_600_080.75, "2016-08-20T17:03:20.08075Z"),
        (1_471_712_600_080_151, "2016-08-20T17:03:20.080151Z"),
        (1_471_712_600_080_151_664, "2016-08-20T17:03:20.080151Z"),
        (1.471_712_600_080e18, "2016-08-20T17:03:20.08Z"),
        (946_684_800, "2000-01-01T00:00:00Z"),
        (946_684_799, None),
        (12.5, None),
        (0, None),
        (-1_471_712_600, None),
        (10**20, None),
        (1e300, None),
        (float("inf"), None),
    ],
)
def test_a_number_is_a_time_by_its_size(number: float, expected: str | None) -> None:
    assert first_time([number]) == expected
    assert common_stamps([COMMON, number]) is None


@given(st.lists(st.datetimes(), min_size=1, max_size=20), st.integers(0, 999))
def test_a_batch_gives_what_each_time_gives_alone(moments: list, nanos: int) -> None:  # type: ignore[type-arg]
    texts = [f"{m:%Y-%m-%dT%H:%M:%S}.{m.microsecond:06d}{nanos:03d}Z".zfill(30) for m in moments]

    assert times_of(texts) == [rfc5424_time(text) for text in texts]
    assert common_stamps(texts) or any(m.microsecond == 0 for m in moments)


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


@pytest.mark.parametrize("hour", ["T24:00:00Z", "T24:00:00.0Z", " 24:00:00+00:00", "T24:00Z"])
def test_24_00_is_no_time_in_a_request_either(hour: str) -> None:
    assert moment_of("2026-01-31T23:59:59Z", datetime.now(UTC)).day == 31
    with pytest.raises(ValueError, match="is neither a time"):
        moment_of(f"2026-01-31{hour}", datetime.now(UTC))


_TWO = st.integers(0, 99).map("{:02}".format)
_STAMP = st.builds(
    "2016-{}-{}T{}:{}:{}.{}Z".format,
    st.sampled_from(["08", "02", "13"]),
    st.sampled_from(["24", "30", "00"]),
    st.sampled_from(["17", "00", "24"]),
    _TWO,
    _TWO,
    st.sampled_from(["080151664", "000000999", "000000000", "100000000", "5"]),
)
_ODD = st.sampled_from(
    [
        "2016-08-24T17:03:20.5-07:30",
        COMMON + "2016-08-24T17:03:21.080151664Z",
        COMMON + COMMON[:14],
        f"{COMMON},{COMMON}",
        ",",
        COMMON[14:],
        "",
        "17:03:20",
        "2016-08-24T17:03:20.٠٨٠١٥١٦٦٤Z",
        "2016-08-24T17:",
    ]
)


@given(st.lists(_STAMP | st.just(COMMON), max_size=4), st.lists(_ODD, max_size=2), st.randoms())
def test_a_batch_is_read_as_its_times_are_one_by_one(
    stamps: list[str], odd: list[str], random: Random
) -> None:
    texts = [*stamps, *odd]
    random.shuffle(texts)
    assert times_of(texts) == [rfc5424_time(text) for text in texts]


@pytest.mark.parametrize("at", range(len(COMMON)))
def test_no_digit_of_one_hides_among_others_of_its_hour(at: int) -> None:
    """Whatever stands at a place of the one in the middle."""
    for digit in "0123456789:-TZ. \\0é":
        odd = COMMON[:at] + digit + COMMON[at + 1 :]
        texts = [COMMON, odd, "2016-08-24T17:59:59.999999999Z"]
        assert times_of(texts) == [rfc5424_time(text) for text in texts]
