"""A drain's way out: what is on its way to the receiver, and whether that gets on."""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import replace

from drains.delivery.build import way_of
from drains.delivery.network.errors import DeliveryError, HungError, ShortageError, explain
from drains.delivery.sender import Sender
from drains.delivery.senders.http_answers import asks_for_halves
from drains.routes import Route
from events.kafka.records import TopicPartition
from shuttle.feed.context import FeedContext
from shuttle.feed.delivery import Delivery
from shuttle.feed.health import LATE_SECONDS, Health
from shuttle.feed.owners import OutboundOwner
from shuttle.feed.writes import Write


class Outbound:
    """Owns the delivery to one receiver and its health, and sees to another connection when this
    one is old, idle, or made for other options. May it take lines: `takes_lines`."""

    def __init__(self, route: Route, context: FeedContext, owner: OutboundOwner) -> None:
        self.health = Health()
        self.delivery = Delivery(route, context, self, owner)
        self._route = route
        self._context = context
        self._owner = owner
        self._renewing = False
        """A new connection is due once all that went over this one is confirmed."""
        self._is_closed = False

    @property
    def takes_lines(self) -> bool:
        return self.health.takes_lines and not self._renewing

    def has_room(self, at_most: float = math.inf) -> bool:
        return not self.health.stalled and self.delivery.has_room(at_most)

    # What the worker does.

    def confirm(self, now: float) -> bool:
        """Ask the connection how far it has got; leave the live pass when that is too little.

        Returns whether all that was taken is confirmed, or given up to a replay.
        """
        delivery, sender = self.delivery, self.delivery.link.sender
        if sender is None:
            oldest = delivery.oldest
            if oldest is not None and now - oldest.since > LATE_SECONDS:
                self.let_wait()  # a dial that has begun fails sooner by itself
            return oldest is None
        progress = delivery.confirm(sender, now)
        if sender is not delivery.link.sender:  # it has ended of that
            return False
        if sender.trouble and (progress.refused or sender.trouble != self.health.last_error.text):
            self.health.complain(sender.trouble, self._context.wall_clock())
            self._owner.has_news()
        self.health.progressed(now if progress.bytes else sender.progressed_at)
        if progress.bytes:
            self._prove(now)
        if delivery.link.is_turning:
            delivery.link.turned()
            delivery.flush()
            self._owner.changed()
        oldest = delivery.oldest
        if oldest is None:
            self._recover(now)
            self._end_if_due(now)
        else:
            self._judge(oldest, sender, now)
        return oldest is None

    def tend(self, now: float) -> None:
        """Now and then: end what is idle or old, believe in what has stood."""
        delivery, link = self.delivery, self.delivery.link
        if link.sender is None:
            return
        nothing_owed = delivery.oldest is None and not self._owner.is_behind
        if nothing_owed and self.health.is_believed(now - link.opened_at):
            self._prove(now)
        if now > link.expires_at:
            delivery.flush()
            self.confirm(now)
        if delivery.oldest is None:
            self._end_if_due(now)
        elif now > link.expires_at + LATE_SECONDS:
            self._renew()

    def leave_live(self, reason: str) -> None:
        """Full or late is not failed: the connection stays, the live pass goes on without us."""
        if self.health.stall(reason, self._context.clock(), self._context.wall_clock()):
            self.drop_outbox()
            self._owner.stalled()

    def let_wait(self) -> None:
        self.drop_outbox()
        self._owner.changed()

    def give_up(self, why: DeliveryError) -> None:
        self.delivery.link.give_up_connection(why)

    def gets_on(self, now: float) -> bool:
        """Whether its receiver takes lines, full or behind as it may be."""
        return self.delivery.link.sender is not None and self.health.gets_on(now)

    def change_to(self, route: Route) -> None:
        before, self._route = self._route, route
        if before.destination.address != route.destination.address:
            self._context.retries.forget(self)
        if before.width != route.width and before == replace(route, width=before.width):
            self._turn(route)
        elif way_of(before) != way_of(route):
            self.drop_portion()
            self.drop_outbox()
            if before.destination != route.destination:
                self._move()
            else:
                self._renew()

    def forget(self, partitions: Set[TopicPartition]) -> None:
        had = self.delivery.resend.portion
        self.delivery.forget(partitions)
        if had is not None:
            self._owner.changed()
            self.delivery.flush()

    def close(self) -> None:
        self._is_closed = True
        self.delivery.close()
        self._context.retries.forget(self)

    # What is given up, to be handed over by a replay.

    def drop_outbox(self) -> None:
        if dropped := self.delivery.drop_outbox():
            self._owner.to_be_replayed(dropped, sent=False)

    def drop_portion(self) -> None:
        if self.delivery.resend.portion is not None:
            self.delivery.resend.drop()
            self._owner.portion_dropped()

    @property
    def receiver(self) -> tuple[str, int]:  # see retry_coordinator.Retryable
        return self._route.destination.address

    def try_soon(self) -> None:
        self.delivery.link.try_soon()

    # What becomes of the bytes under way (see delivery.ConnectionOwner).

    def opened(self, now: float) -> None:
        self.health.connected(now)
        self._owner.changed()
        self.delivery.flush()

    def closed(self) -> None:
        self.health.closed()
        if self.delivery.resend.lines:  # which it has read
            self._prove(self._context.clock())
        self.drop_outbox()
        if self._owner.is_behind:
            self.delivery.link.want_later()
        self._changed_or_move()

    def failed(self, error: Exception | None, again: list[Write]) -> None:
        said = explain(error) if error else "connection closed by the receiver"
        unanswered = bool(again) and self._route.destination.transport.answers
        self.health.failed(said, self._context.wall_clock(), unanswered=unanswered)
        if not (self._is_closed or isinstance(error, ShortageError)):  # that is ours, not theirs
            self._context.retries.failed(self, self._context.clock())
            self._owner.lags()
        self.drop_outbox()
        if again:
            self._owner.to_be_replayed(again, sent=True)
            self._choose_portion(error, again)
        self._changed_or_move()

    # Inside.

    def _choose_portion(self, error: Exception | None, again: list[Write]) -> None:
        """Of what is to be sent again, if it is not to be all at once."""
        confirmed_by = self._route.destination.transport.confirmed_by
        if confirmed_by == "kernel":
            self.delivery.resend.in_doubt(error, again)
        elif confirmed_by == "answer":
            self.drop_portion()
            if not asks_for_halves(error, again[0]):
                self.delivery.resend.request(again[0], error)

    def _judge(self, oldest: Write, sender: Sender[Write], now: float) -> None:
        held, answers = sender.buffered_bytes, self._route.destination.transport.answers
        late_at = oldest.since + LATE_SECONDS
        since = max(oldest.since, min(self._context.dials.held_up_until, late_at))
        verdict = self.health.judge(since, held, sender.capacity_bytes, now, answers=answers)
        if verdict.give_up or (verdict.give_up_at_a_line and self.delivery.holds_a_long_line(now)):
            self.give_up(HungError())
        elif verdict.why:
            self.leave_live(verdict.why)
        elif verdict.has_room:
            self._recover(now)

    def _prove(self, now: float) -> None:
        if not self.delivery.resend.searches and self.health.prove():
            self._context.retries.answered(self, now)
            self._owner.has_news()

    def _recover(self, now: float) -> None:
        if (stalled_seconds := self.health.recover(now)) is not None:
            if stalled_seconds > LATE_SECONDS:
                self._owner.lags()
            self._owner.changed()

    def _renew(self) -> None:
        """Another connection as soon as all that went over this one is confirmed."""
        self._renewing = True
        self.drop_outbox()
        self._owner.changed()
        if self.delivery.oldest is None:
            self._move()

    def _turn(self, route: Route) -> None:
        """Another number of connections and nothing else: lines are taken meanwhile."""
        self.drop_portion()
        self.delivery.flush()
        self.drop_outbox()  # what could not be flushed
        self._renewing = False
        self.delivery.turn_to(route)

    def _end_if_due(self, now: float) -> None:
        """Nothing is under way: an old connection makes room for a new one, an idle one ends."""
        if self._renewing:
            self._move()
        elif now > self.delivery.link.expires_at or self.delivery.is_idle(now):
            self.delivery.link.close()
            self._owner.changed()

    def _changed_or_move(self) -> None:
        self._move() if self._renewing else self._owner.changed()

    def _move(self) -> None:
        self._renewing = False
        self.health.reset()
        if again := self.delivery.move_to(self._route):
            self._owner.to_be_replayed(again, sent=True)
        self._owner.changed()
