from tests.support.judge import judge, new_run, numbered

RUN = "run1"


def received(*places: tuple[int, int], tag: str = "web.1") -> list[tuple[str, str]]:
    return [(tag, next(numbered(RUN, partition, 1, start=seq))) for partition, seq in places]


def test_all_lines_once_and_in_order_are_exactly_once() -> None:
    arrived = [("web.1", text) for p in (0, 1) for text in numbered(RUN, p, 50, padding=10)]
    verdict = judge(RUN, {0: 50, 1: 50}, arrived)
    assert verdict.exactly_once
    assert verdict.received == 100


def test_a_missing_line_is_lost() -> None:
    verdict = judge(RUN, {0: 3, 1: 1}, received((0, 0), (0, 2)))
    assert verdict.lost == [(0, 1), (1, 0)]
    assert not verdict.at_least_once


def test_a_line_twice_is_a_duplicate_and_not_out_of_order() -> None:
    verdict = judge(RUN, {0: 3}, received((0, 0), (0, 1), (0, 0), (0, 1), (0, 2), (0, 2)))
    assert verdict.duplicates == {(0, 0): 1, (0, 1): 1, (0, 2): 1}
    assert verdict.at_least_once
    assert not verdict.exactly_once


def test_a_first_occurrence_behind_a_later_line_is_out_of_order() -> None:
    verdict = judge(RUN, {0: 3}, received((0, 0), (0, 2), (0, 1)))
    assert verdict.out_of_order == [("web.1", (0, 1))]
    assert not verdict.at_least_once


def test_order_is_kept_by_tag_and_partition_only() -> None:
    mixed = received((0, 1)) + received((0, 0), tag="web.2") + received((1, 0))
    assert judge(RUN, {0: 2, 1: 1}, mixed).exactly_once


def test_lines_of_others_are_foreign() -> None:
    other = next(numbered(new_run(), 0, 1))
    never_produced = next(numbered(RUN, 0, 1, start=7))
    arrived = [("web.1", text) for text in (other, never_produced, "hello")]
    verdict = judge(RUN, {0: 0}, arrived, drain="a")
    assert verdict.foreign == [other, never_produced, "hello"]
    assert not verdict.at_least_once
    assert "drain a: 3 received" in str(verdict)
