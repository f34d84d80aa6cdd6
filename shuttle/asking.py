"""Filters are asked about lines, one line after the other: at their owners' cost, and for no longer
than a turn of the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Generic, Protocol, TypeVar

from drains.filters import LineTest, searched
from events.kept import ENTRY_BYTES, Kept, Room
from events.keys import Key
from events.lines import Lines, Origin, Severity
from shuttle.feed.feed import Feed
from shuttle.feed.filter_shares import FilterShare
from shuttle.turn import Turn

RECIPIENTS_BYTES = 24 * 1024 * 1024
"""For who gets the lines of each origin, as long as those are met."""


class Group(Protocol):
    """Feeds that share a filter."""

    feeds: list[Feed]


GroupT = TypeVar("GroupT", bound=Group)

Recipient = tuple[GroupT, list[bytes], bytes, LineTest | None]
"""What one group needs to know to take a line of one origin: the group, its parts, the header, and
the question that is left to ask of the line."""


class Recipients(Kept[Origin, tuple[Recipient[GroupT], ...]], Generic[GroupT]):
    """Found when first asked for. `zone`: what a line's time lacks, its header begins with."""

    def __init__(
        self,
        room: Room,
        find: Callable[[Origin, bytes], tuple[Recipient[GroupT], ...]],
        zone: bytes,
    ) -> None:
        super().__init__(room)
        self.tested: set[Origin] = set()
        """Of whose lines something is to be asked."""
        self._find = find
        self._zone = zone
        self._of_key: dict[Key, list[Origin]] = {}

    def __missing__(self, origin: Origin) -> tuple[Recipient[GroupT], ...]:
        found = self.keep(origin, self._find(origin, self._zone))
        self._of_key.setdefault(origin.key, []).append(origin)
        if has_test(found):
            self.tested.add(origin)
        return found

    def size_of(self, origin: Origin, found: tuple[Recipient[GroupT], ...]) -> int:
        return origin.bytes + sum(ENTRY_BYTES + len(header) for _, _, header, _ in found)

    def clear(self) -> None:
        super().clear()
        self._of_key.clear()
        self.tested.clear()

    def forget(self, key: Key) -> None:
        for origin in self._of_key.pop(key, ()):
            self.drop(origin)
            self.tested.discard(origin)


def has_test(found: Iterable[Recipient[GroupT]]) -> bool:
    """Whether something is to be asked of each line."""
    return any(test for _, _, _, test in found)


class Answers:
    """One group's. Where its owner's share was used up it is not known which lines are wanted."""

    __slots__ = ("needs", "passing", "share", "unasked")

    def __init__(self, share: FilterShare | None, needs: float) -> None:
        self.share = share
        self.needs = needs
        """It may be asked while more of the share is left than this."""
        self.passing: set[int] = set()
        """Which lines, by their place among those that were asked about."""
        self.unasked = 0
        """How many lines it may want, for all that is known."""

    def lets_pass(self, index: int) -> bool:
        """Whether it gets that line by itself: what is not known of all is sent of none."""
        return index in self.passing and not self.unasked


class Asking(Generic[GroupT]):
    """Asks all groups about some lines, from the first one on; `answers` of groups with a test."""

    def __init__(
        self,
        recipients: Mapping[Origin, Sequence[Recipient[GroupT]]],
        needs: Callable[[GroupT], float],
    ) -> None:
        """`needs`: how much has to be left of its owner's share (seconds) for a group to be asked,
        which hangs on what its answers are for; infinite: not at all."""
        self.answers: dict[GroupT, Answers] = {}
        self.asked = 0
        """About so many lines all have been asked."""
        self._said: list[tuple[Severity, str]] = []
        """What those lines are to a filter."""
        self._recipients = recipients
        self._needs = needs

    def ask(self, lines: Lines, turn: Turn) -> None:
        """About what is left of the lines, one at least, until the turn is over."""
        recipients, answers, origins = self._recipients, self.answers, lines.origins
        self._said = list(zip(lines.severities, lines.texts(), strict=True))
        for index in range(self.asked, len(lines)):
            severity, whole = self._said[index]
            text, began = None, 0.0
            for group, _, _, test in recipients[origins[index]]:
                if test is None:
                    continue
                of = answers.get(group) or self._begin(group)
                share = of.share
                if of.unasked or (share is not None and share.left <= of.needs):
                    of.unasked += 1
                    continue
                if text is None:
                    text, began = searched(whole), perf_counter()
                if test(severity, text):
                    of.passing.add(index)
                if share is not None:
                    now = perf_counter()
                    share.spend(turn.ours_of(now - began))
                    began = now
            self.asked = index + 1
            if text is not None and turn.is_over:
                break

    def unanswered(self) -> Iterator[tuple[GroupT, int]]:
        """Groups of which it is not known what they want, and how many lines at most that is."""
        return ((of, a.unasked + len(a.passing)) for of, a in self.answers.items() if a.unasked)

    def of_some(self, lines: Lines) -> Asking[GroupT]:
        """The answers about these, which are some of those that were asked about: nobody is asked
        twice."""
        found = Asking(self._recipients, self._needs)
        said = list(zip(lines.severities, lines.texts(), strict=True))
        for group, of in self.answers.items():
            some = found.answers[group] = Answers(of.share, of.needs)
            passing = {self._said[index] for index in of.passing}
            some.passing = {index for index, one in enumerate(said) if one in passing}
            some.unasked = len(lines) if of.unasked else 0
        return found

    def _begin(self, group: GroupT) -> Answers:
        feed = group.feeds[0]
        share = feed.context.filter_shares.of(feed.route)
        if share is not None:
            share.renew()
        of = self.answers[group] = Answers(share, self._needs(group))
        if share is not None and share.left > of.needs:
            of.needs = 0.0  # who may begin may get on: what is not asked whole is asked again
        return of
