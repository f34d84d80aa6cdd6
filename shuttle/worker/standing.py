"""How a drain stands, as its worker sees it: what the database, and with it REST and the admin, and
what metrics say of it."""

from __future__ import annotations

from drains.routes import Route
from drains.states import State, state_of
from events.kafka.topic_descriptions import refusal_of
from events.topics import topics_of
from shuttle.commit.store import FeedStatus
from shuttle.feed.feed import Feed
from shuttle.feed.health import LastError


def status_of(feed: Feed) -> FeedStatus:
    stats, gaps = feed.stats, feed.gaps
    error = _refused(feed) or feed.outbound.health.last_error
    return FeedStatus(
        feed.route.drain_id,
        _state_of(feed),
        error.text,
        error.at,
        stats.last_delivery_at,
        next_try_at=_next_try_at(feed),
        certificate_ends_at=feed.outbound.delivery.link.certificate_ends_at,
        lag_messages=gaps.lag_lines + _lines_to_confirm(feed, replayed=gaps.lag_is_counted),
        lag_is_estimate=not gaps.lag_is_counted,
        lag_seconds=lag_seconds_of(feed),
        lines_sent=stats.lines_confirmed,
        bytes_sent=stats.bytes_confirmed,
        lines_lost=stats.lines_lost.total(),
        lines_cut=stats.lines_cut,
    )


def last_status_of(feed: Feed) -> FeedStatus:
    """When the worker ends: how the drain is doing is for others to say. Lines that the next live
    pass will meet once more, as the group's offsets wait for them, are that one's to count."""
    status, replayed = status_of(feed), feed.gaps.lag_is_counted
    in_flight = _lines_to_confirm(feed, replayed=replayed, live=not feed.takes_live)
    return status._replace(state="", lag_messages=feed.gaps.lag_lines + in_flight)


def state_shown(route: Route, feed: Feed | None) -> State:
    """As far as this worker knows: another may have delivered the first line meanwhile. `feed`:
    none, where there was nothing to do for the drain."""
    if feed is None:
        return state_of((), paused=route.paused, has_delivered=route.has_delivered)
    has_delivered = feed.route.has_delivered or feed.stats.lines_confirmed > 0
    return state_of({_state_of(feed)}, paused=feed.route.paused, has_delivered=has_delivered)


def _state_of(feed: Feed) -> str:
    return "failing" if _refused(feed) and not feed.route.paused else feed.state


def _refused(feed: Feed) -> LastError | None:
    """What Kafka does not let us read of its lines."""
    refused = feed.context.refused_topics
    found = refused.keys() & topics_of(feed.route.key) if refused else ()
    return LastError(refusal_of(found), min(map(refused.__getitem__, found))) if found else None


def lag_seconds_of(feed: Feed) -> float:
    """Age of the oldest line that its receiver has not confirmed; 0 when it lacks none."""
    wall, now, since = feed.context.wall_clock(), feed.context.clock(), feed.gaps.since
    under_way = feed.outbound.delivery.unconfirmed()
    times = [write.oldest(wall, now) for write in under_way if write.lines_here]
    oldest = min(times if since is None else [since, *times], default=wall)
    return max(wall - oldest, 0.0)


def lines_in_flight(feed: Feed) -> int:
    """Handed over, not yet confirmed."""
    return _lines_to_confirm(feed, replayed=True)


def _lines_to_confirm(feed: Feed, *, replayed: bool, live: bool = True) -> int:
    """Of the lines in flight. While replayed ones are not all counted, they are among what the
    worker before this one has said to be owed (drains/status.py)."""
    writes = feed.outbound.delivery.unconfirmed()
    counted = (write for write in writes if (replayed if write.has_cursor else live))
    return sum(write.lines_here for write in counted)


def _next_try_at(feed: Feed) -> float | None:
    """Epoch seconds, in whole ones: it is not to change from look to look."""
    at, context = feed.outbound.delivery.link.next_try_at, feed.context
    return None if at is None else float(round(context.wall_clock() + at - context.clock()))
