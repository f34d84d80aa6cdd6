"""Who reads a session when as many as may be do already: comes again later."""

from __future__ import annotations

from django.conf import settings

from sessions_app.errors import TooManyError
from sessions_app.metrics import BOUNDS_MET
from sessions_app.tail.places import Place, Places
from sessions_app.tail.session import Session

WAIT_SECONDS = 10
"""After that a try may be worth it: readers come and go."""

PLACES = Places()
"""Of this process, whatever loops it has."""


def take_place(session: Session) -> Place:
    """A reader's, to be entered soon. Raises TooManyError."""
    place = PLACES.take(session.name, settings.MAX_VIEWERS)
    if place is None:
        BOUNDS_MET["viewers"] += 1
        raise _full()
    return place


def refuse_full(session: Session) -> None:
    """As `take_place` does, for one who only asks."""
    if PLACES.taken(session.name) >= settings.MAX_VIEWERS:
        raise _full()


def _full() -> TooManyError:
    return TooManyError(
        f"{settings.MAX_VIEWERS} read this log session already, and no more may at a time: "
        "come again when one of them has left",
        WAIT_SECONDS,
    )
