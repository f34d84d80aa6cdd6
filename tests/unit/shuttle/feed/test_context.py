"""Which feeds want attention; nothing of these lists knows what a feed is."""

from __future__ import annotations

from shuttle.feed.context import WorkLists


def test_feeds_are_due_in_order_by_how_long_their_lines_gather() -> None:
    lists: WorkLists[str] = WorkLists()
    lists.flush_later("web", 10.0, 0.5)
    lists.flush_later("one", 10.0, 0.05)
    lists.flush_later("two", 10.25, 0.05)

    assert {seconds: [*due] for seconds, due in lists.due.items()} == {
        0.5: [(10.5, "web")],
        0.05: [(10.05, "one"), (10.3, "two")],
    }


def test_one_that_is_closed_wants_no_attention_and_others_still_do() -> None:
    lists: WorkLists[str] = WorkLists()
    wanting = (lists.outstanding, lists.behind, lists.unstored, lists.untold)
    for listed in wanting:
        listed.update({"gone", "stays"})
    lists.forget("gone")
    lists.forget("never met")
    assert wanting == ({"stays"}, {"stays"}, {"stays"}, {"stays"})
