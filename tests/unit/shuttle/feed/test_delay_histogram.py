"""How long lines took, as Prometheus wants to be told."""

from __future__ import annotations

from shuttle.feed.delay_histogram import BOUNDS, DelayHistogram


def test_a_bucket_holds_all_lines_up_to_its_bound() -> None:
    delays = DelayHistogram()
    for seconds, lines in ((0.05, 1), (0.06, 2), (5.0, 3), (BOUNDS[-1] + 1, 4)):
        delays.observe(seconds, lines)

    buckets = dict(delays.buckets)
    assert (buckets["0.05"], buckets["0.1"], buckets["2.5"], buckets["5"]) == (1, 3, 3, 6)
    assert (buckets["86400"], buckets["+Inf"]) == (6, 10)


def test_bounds_are_named_in_order_and_the_last_has_none() -> None:
    names = [name for name, _ in DelayHistogram().buckets]
    assert [float(name) for name in names] == [*BOUNDS, float("inf")]
    assert names[-1] == "+Inf"


def test_each_line_counts_with_its_delay() -> None:
    delays = DelayHistogram()
    delays.observe(2.0, 3)
    delays.observe(0.5, 2)
    assert delays.sum_seconds == 7.0


def test_a_line_that_arrived_before_it_was_sent_took_no_time() -> None:
    delays = DelayHistogram()
    delays.observe(-3600.0, 4)
    assert (delays.sum_seconds, delays.buckets[0]) == (0.0, ("0.05", 4))
