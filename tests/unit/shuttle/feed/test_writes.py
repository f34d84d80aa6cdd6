"""What one write holds, and the name by which a receiver knows it again."""

from __future__ import annotations

from shuttle.feed.writes import Write
from tests.support.feed_bench import P0, P1, places_of, records
from tests.support.records import RECORD_TIME_MS, kubernetes_event, records_of


def written(*begins: int) -> Write:
    write = Write(1, 0.0, has_cursor=False)
    for begin in begins:
        write.add(records(begin), 1)
    return write


def test_a_write_reaches_from_its_first_record_to_behind_its_last() -> None:
    write = written(10, 11)
    write.add(records(3, P1), 5)
    assert (places_of(write), write.lines) == ({P0: (10, 12), P1: (3, 4)}, 7)


def test_the_same_records_have_the_same_name_in_whatever_order_they_are_read() -> None:
    one, other = written(10, 11), written()
    one.add(records(3, P1), 1)
    other.add(records(3, P1), 1)
    other.add(records_of([kubernetes_event("x")] * 2, begin=10), 1)
    assert one.name == other.name == "gs/0:10-12 gs/1:3-4"
    assert written(10).name != written(11).name != written(10, 11).name


def test_lines_that_are_sent_again_keep_the_name_that_they_had() -> None:
    write = written(10)
    write.sent_as = written(10, 11).name
    write.add(records(12), 1)
    assert write.name == "gs/0:10-12"


def test_its_time_is_that_of_its_first_line_and_not_of_records_without_one() -> None:
    write = Write(1, 0.0, has_cursor=False)
    write.add(records_of([None], begin=10, timestamp_ms=7), 0)
    write.add(records(11), 1)
    write.add(records_of([None], begin=12, timestamp_ms=9), 1)
    assert write.first_ms == RECORD_TIME_MS


def test_it_knows_how_many_lines_are_of_each_partition() -> None:
    write = written(10, 11)
    write.add(records(3, P1), 5)
    behind = Write(2, 0.0, has_cursor=False)
    behind.add(records(12), 4)
    both = write.joined(behind)
    assert places_of(both) == {P0: (10, 13), P1: (3, 4)}
    assert {partition: part.lines for partition, part in both.parts.items()} == {P0: 6, P1: 5}

    write.forget({P0})
    assert (places_of(write), write.lines_here, write.lines) == ({P1: (3, 4)}, 5, 7)
