"""A feed's way to its receiver: dialled when asked for, tried again after failures."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from drains.delivery.network.errors import ConnectionEndedError, DeliveryError, HungError
from drains.delivery.network.heard import Heard
from drains.delivery.sender import Ended, Sender
from drains.routes import Route
from events.backoff import Backoff
from shuttle.feed.dials import Dials
from shuttle.feed.owners import LinkOwner
from shuttle.feed.writes import Write

logger = logging.getLogger(__name__)

AT_ONCE_SECONDS = 1.0
"""A receiver that ends a connection so soon, and that it has read, may be one that only reads."""


class Connect(Protocol):
    def __call__(
        self, route: Route, ended: Ended, heard: Heard, /, *, patient: bool
    ) -> Awaitable[Sender[Write]]: ...


RETRY_FIRST_SECONDS = 1.0
RETRY_MAX_SECONDS = 60.0
"""How long a drain waits at most before it is tried again."""
SLOW_SECONDS = 1.0
SOON_SECONDS = 1.0


class Link:
    """At most one connection, dial or wait for the next try at a time."""

    def __init__(
        self,
        route: Route,
        connect: Connect,
        dials: Dials,
        clock: Callable[[], float],
        owner: LinkOwner,
    ) -> None:
        self._route = route
        self._heard = Heard(route.key)
        self._connect = connect
        self._dials = dials
        self._clock = clock
        self._owner = owner
        self._attempt: asyncio.Task[None] | asyncio.TimerHandle | None = None
        self.backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_MAX_SECONDS)
        self.sender: Sender[Write] | None = None
        self._wait_seconds: tuple[float, float] | None = None
        self.opened_at = self.expires_at = 0.0
        self._ended_early: DeliveryError | None = None
        self._told_to_wait = False
        self._dialled_slowly = False
        self.dials_since: float | None = None
        """When the dial that is under way got its place and began."""
        self._may_only_read = False
        self.is_turning = False
        """The connection that there is has other pieces than what comes from now on."""
        self._certificate_ends_at: float | None = None

    @property
    def next_try_at(self) -> float | None:
        """Monotonic seconds; None when none is waited for."""
        return self._attempt.when() if isinstance(self._attempt, asyncio.TimerHandle) else None

    @property
    def certificate_ends_at(self) -> float | None:
        """The receiver's, as it was shown last; epoch seconds."""
        return self.sender.certificate_ends_at if self.sender else self._certificate_ends_at

    def want(self) -> None:
        """Have a connection, unless there is one or one is being seen to."""
        if self.sender is None and self._attempt is None:
            self._attempt = asyncio.create_task(self._dial(), name="dial")

    def want_later(self) -> None:
        """Have a connection after a while: for a receiver that closes whatever it accepts."""
        if self.sender is None and self._attempt is None:
            self._try_later(self._after_an_end())

    def try_soon(self) -> None:
        """Wait no longer than a second for the next try, unless the receiver named a time."""
        self._wait_again(0, SOON_SECONDS)

    def try_now(self) -> None:
        """Wait no longer, whoever named a time, and as if nothing had failed before."""
        self.backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_MAX_SECONDS)
        if isinstance(self._attempt, asyncio.TimerHandle):
            self._attempt.cancel()
            self._waited()

    def hurry(self, seconds: tuple[float, float] | None) -> None:
        """Wait between so long and so long for the next try when a connection has ended; None: ever
        longer. Where none can be made, that is so in any case."""
        self._wait_seconds = seconds
        if seconds:
            self._wait_again(*seconds)

    def move_to(self, route: Route) -> list[Write]:
        """Another way from now on: what was not confirmed on the old one."""
        moves = _shown_by(route) != _shown_by(self._route)
        self._route = route
        self.backoff = Backoff(RETRY_FIRST_SECONDS, RETRY_MAX_SECONDS)
        again: list[Write] = []
        if self.sender is not None:
            self._owner.link_ending(self.sender)
            again = list(self.sender.unconfirmed)
        self.close()
        if moves:
            self._heard, self._certificate_ends_at = Heard(route.key), None
        return again

    def turn_to(self, route: Route) -> None:
        """Another number of connections, as soon as nothing is unconfirmed: a tag's lines are never
        on two of them."""
        self._route = route
        self.is_turning = self.sender is not None
        self.turned()

    def turned(self) -> Sender[Write] | None:
        """Who takes lines now; ends a connection that is turning, once nothing of it is
        unconfirmed."""
        if self.is_turning and self.sender is not None:
            if next(iter(self.sender.unconfirmed), None) is not None:
                return None
            self.close()
        return self.sender

    def rest(self) -> None:
        """Dial no more until asked again; a connection that is open stays."""
        if self._attempt is not None:
            self._attempt.cancel()
            self._attempt = None

    def close(self) -> None:
        self.rest()
        if self.sender is not None:
            self._certificate_ends_at = self.certificate_ends_at
            sender, self.sender = self.sender, None
            self._owner.link_ending(sender)
            sender.close()

    def give_up_connection(self, why: DeliveryError) -> None:
        """End it as if it had failed of that."""
        if self.sender is not None:
            self.sender.abort()
            self._ended(why)

    async def _dial(self) -> None:
        self._ended_early = None
        try:
            async with self._dials.slow if self._dialled_slowly else self._dials.quick:
                self.dials_since = started = self._clock()
                try:
                    patient, self._may_only_read = self._may_only_read, False
                    route = self._route
                    sender = await self._connect(route, self._ended, self._heard, patient=patient)
                finally:
                    self.dials_since = None
                    was_held_up = self._dials.held_up_until > started
                    took_seconds = self._clock() - started
                    self._dialled_slowly = took_seconds > SLOW_SECONDS and not was_held_up
            if self._ended_early is not None:
                sender.abort()
                raise self._ended_early
        except DeliveryError as error:
            if was_held_up:  # it may have been by us that no answer came in time
                self._waited()
            else:
                self._not_connected(error)
        except Exception:  # a fault of ours: this drain waits, the others go on
            logger.exception("Dialling failed", extra={"action": "dial_failed"})
            self._not_connected(DeliveryError("internal error"))
        else:
            self._attempt = None
            self.sender = sender
            self.is_turning = route.connections != self._route.connections  # it turned meanwhile
            self.opened_at = self._clock()
            self.expires_at = self.opened_at + _life_seconds(self._route)
            self._owner.link_opened()

    def _not_connected(self, error: DeliveryError) -> None:
        self._try_later(self.backoff.failed(), getattr(error, "retry_after_seconds", 0.0))
        self._owner.link_failed(error, [])

    def _try_later(self, seconds: float, at_least: float = 0.0) -> None:
        self._told_to_wait = at_least > 0
        self._call_later(max(seconds, at_least))

    def _wait_again(self, at_least: float, at_most: float) -> None:
        """Where the next try is waited for, and the receiver has not named its time."""
        if isinstance(self._attempt, asyncio.TimerHandle) and not self._told_to_wait:
            self._attempt.cancel()
            self._call_later(random.uniform(at_least, at_most))  # noqa: S311

    def _after_an_end(self) -> float:
        if self._wait_seconds is None:
            return self.backoff.failed()
        return random.uniform(*self._wait_seconds)  # noqa: S311

    def _call_later(self, seconds: float) -> None:
        self._attempt = asyncio.get_running_loop().call_later(seconds, self._waited)

    def _waited(self) -> None:
        self._attempt = None
        self.want()

    def _ended(self, error: Exception | None) -> None:
        self._certificate_ends_at = self.certificate_ends_at
        sender, self.sender = self.sender, None
        if sender is None:  # ended before the dial was over
            closed = ConnectionEndedError("connection closed by the receiver")
            self._ended_early = error if isinstance(error, DeliveryError) else closed
            return
        self._owner.link_ending(sender)
        again = sender.to_send_again(self._clock(), hung=isinstance(error, HungError))
        stood_seconds = self._clock() - self.opened_at
        self._may_only_read = error is None and bool(again) and stood_seconds < AT_ONCE_SECONDS
        if error is not None or again:
            at_least = getattr(error, "retry_after_seconds", 0.0)
            self._try_later(self._after_an_end(), at_least)
            self._owner.link_failed(error, again)
        else:
            self._owner.link_closed()


def _shown_by(route: Route) -> tuple[object, ...]:
    """Whose certificate it is: another URL there changes nothing of that."""
    return route.destination.address, route.destination.transport


def _life_seconds(route: Route) -> float:
    """With jitter, so that connections that began together do not end together."""
    return route.destination.transport.life_seconds * random.uniform(0.9, 1.0)  # noqa: S311
