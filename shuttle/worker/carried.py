"""What a worker says of a drain goes on from what stands under its name: that of a former run of
it, or of a former feed."""

from __future__ import annotations

from typing import NamedTuple

from shuttle.commit.store import FeedStatus, Told

NOTHING = FeedStatus("", "", "", None, None)


class Carried(NamedTuple):
    """What is added to a feed's own words."""

    row: FeedStatus = NOTHING
    """As it was found; of its lines without those that this feed has told under another name."""
    owed: int = 0
    """Lines that a run which ended in order has seen, and left; of them there may be fewer, by
    what this feed has done."""
    owed_since: float | None = None
    """Epoch seconds of the oldest of them."""

    def beside(self, status: FeedStatus, wall: float) -> FeedStatus:
        """`wall`: epoch seconds, now."""
        row, done = self.row, status.lines_sent + status.lines_lost
        lag, age = status.lag_messages, status.lag_seconds
        if status.lag_is_estimate and self.owed:
            lag += max(self.owed - done, 0)
            if self.owed_since is not None and not done:
                age = max(age, wall - self.owed_since)
        error = max(status, row, key=lambda of: of.last_error_at or 0.0)
        return status._replace(
            last_error=error.last_error,
            last_error_at=error.last_error_at,
            last_delivery_at=status.last_delivery_at or row.last_delivery_at,
            lag_messages=lag,
            lag_seconds=age,
            lines_sent=row.lines_sent + status.lines_sent,
            bytes_sent=row.bytes_sent + status.bytes_sent,
            lines_lost=row.lines_lost + status.lines_lost,
            lines_cut=row.lines_cut + status.lines_cut,
            lines_before=row.lines_sent + row.lines_lost,
        )


def carried(told: Told | None, elsewhere: FeedStatus = NOTHING) -> Carried:
    """`elsewhere`: what this feed has told under another name, where that stays."""
    row = told.status if told else NOTHING
    rest = row._replace(
        lines_sent=row.lines_sent - elsewhere.lines_sent,
        bytes_sent=row.bytes_sent - elsewhere.bytes_sent,
        lines_lost=row.lines_lost - elsewhere.lines_lost,
        lines_cut=row.lines_cut - elsewhere.lines_cut,
    )
    if told is None or row.state:
        return Carried(rest)
    since = told.at - row.lag_seconds if row.lag_seconds else None
    return Carried(rest, row.lag_messages, since)
