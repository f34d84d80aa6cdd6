"""How many read a session: what is promised counts, and lapses."""

from __future__ import annotations

from sessions_app.tail.places import PROMISED_SECONDS, Place, Places


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(places: Places, session: str = "a", most: int = 2) -> Place:
    place = places.take(session, most)
    assert place is not None
    return place


def test_there_are_so_many_of_a_session_and_who_leaves_makes_room() -> None:
    places = Places()
    with taken(places):
        taken(places)
        assert places.take("a", 2) is None
        with taken(places, "b"):
            assert (places.taken("a"), places.taken("b")) == (2, 1)
    assert (places.taken("a"), places.taken("b")) == (1, 0)


def test_who_never_comes_loses_the_place() -> None:
    clock = Clock()
    places = Places(clock)
    with taken(places):
        taken(places)
        clock.now = PROMISED_SECONDS
        assert places.taken("a") == 1


def test_who_comes_late_is_counted_all_the_same() -> None:
    clock = Clock()
    places = Places(clock)
    late = taken(places)
    clock.now = PROMISED_SECONDS
    assert places.taken("a") == 0
    with late:
        assert places.taken("a") == 1
    assert places.taken("a") == 0
