"""A batch that a receiver does not take as a whole: its halves, halves of those, single lines.

A line that it does not take by itself is refused, but only where it takes another one: a receiver
that takes nothing at all is failing, and no line is given up. Where it does not say what is wrong
but ends the connection, that may have nothing to do with the line: it has to do so three times,
and take another line in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from drains.delivery.network.errors import DeliveryError, UnansweredError

REFUSALS_MAX = 30
"""So many refusals, and nothing taken: it refuses everything."""
ENDS_MAX = 12
"""The same of connections that it ends, each of which costs more: 1,000 lines down to one, those
behind it, and the last one."""
ENDS_OF_A_LINE = 3

Post = Callable[[range], Awaitable[None]]
"""Sends these lines in one request. Raises DeliveryError when they are not taken."""


class Halving:
    """Of one batch. `helps`: whether smaller requests may be taken, after this error."""

    def __init__(self, post: Post, helps: Callable[[DeliveryError], bool]) -> None:
        self._post = post
        self._helps = helps
        self._taken = range(0)
        """Lines that the receiver has taken, the last ones."""
        self._failure: DeliveryError | None = None
        """What became of the last request; None: it was taken."""
        self._failures = 0
        self.has_ended = False
        """Whether the receiver has ended a connection."""
        self.refusal: DeliveryError | None = None
        """Why the last line that is refused is."""

    async def deliver(self, requests: Iterable[range]) -> int:
        """Returns how many lines are refused: all others are taken. Raises DeliveryError."""
        left = list(requests)[::-1]
        last_line = left[0][-1:]
        refused = 0
        doubtful = []
        while left:
            part = left.pop()
            if await self._takes(part):
                continue
            if len(part) > 1:
                left += [part[len(part) // 2 :], part[: len(part) // 2]]
            elif not isinstance(self._failure, UnansweredError):
                refused, self.refusal = refused + 1, self._failure
            elif self._taken:
                refused += await self._is_refused(part)
            else:
                doubtful.append(part)
            if self._takes_nothing:  # or only what stands at the end
                await self._ask(last_line)
        if self._failure is not None and not self._taken:
            raise self._failure
        for line in doubtful:
            refused += await self._is_refused(line)
        if self._failure is not None:
            await self._ask_once_more()
        return refused

    @property
    def _takes_nothing(self) -> bool:
        at_most = ENDS_MAX if isinstance(self._failure, UnansweredError) else REFUSALS_MAX
        return not self._taken and self._failures >= at_most - 1

    async def _is_refused(self, line: range) -> bool:
        """Whether a line that has ended the connection once does so whenever it is sent."""
        for _ in range(ENDS_OF_A_LINE - 1):
            await self._ask_once_more()
            if await self._takes(line):
                return False
        self.refusal = self._failure
        return True

    async def _ask_once_more(self) -> None:
        """Does it still take what it took? Else it takes nothing by now."""
        await self._ask(self._taken[:1])

    async def _takes(self, part: range) -> bool:
        try:
            await self._ask(part)
        except DeliveryError as error:
            if not self._helps(error):
                raise
            self._failure = error
            self._failures += 1
            self.has_ended = self.has_ended or isinstance(error, UnansweredError)
        return self._failure is None

    async def _ask(self, part: range) -> None:
        await self._post(part)
        self._taken, self._failure = part, None
