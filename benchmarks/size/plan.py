"""A platform: whose drains go where, and who writes lines. Numbers only, so that every program of
the benchmark can work it out by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from events.keys import AppKey
from events.topics import SOURCE_TOPICS

PARTITIONS = 4
DRAINS_AN_APP = 5
DEAD_EVERY = 20
"""One drain of so many leads to a port that refuses."""
AWAY_OF_TEN = 3
"""So many of ten receivers go away in an outage."""


@dataclass(frozen=True)
class Plan:
    drains: int
    spaces: int
    active: int
    """Apps that write lines: the first ones, which are spread over all spaces."""
    lines: int
    """A second, to all drains that can be reached."""
    receivers: int
    """Addresses that drains lead to, of equal shares."""
    port: int
    """That all of them listen on."""
    closed: int
    """That none of them listens on."""

    @property
    def apps(self) -> int:
        return -(-self.drains // DRAINS_AN_APP)

    @property
    def records(self) -> float:
        """A second, for so many lines."""
        return self.lines / (DRAINS_AN_APP * (1 - 1 / DEAD_EVERY))

    @property
    def topics(self) -> list[str]:
        return [*(f"space{number}" for number in range(self.spaces)), *sorted(SOURCE_TOPICS)]

    @property
    def partitions(self) -> int:
        """Those of spaces that have a drain, and of the topics that all apps share."""
        return PARTITIONS * (min(self.spaces, self.apps) + len(SOURCE_TOPICS))

    def key_of(self, app: int) -> AppKey:
        return AppKey(f"app{app}", f"space{app % self.spaces}")

    def url_of(self, drain: int) -> str:
        port = self.closed if self.is_dead(drain) else self.port
        return f"syslog://{self.address_of(drain % self.receivers)}:{port}"

    def address_of(self, receiver: int) -> str:
        return f"127.1.{receiver // 250}.{receiver % 250 + 1}"

    def is_dead(self, drain: int) -> bool:
        return drain % DEAD_EVERY == 0

    def is_away(self, receiver: int) -> bool:
        """In an outage."""
        return receiver % 10 < AWAY_OF_TEN

    def listeners(self) -> Iterator[int]:
        """Drains that lines get to."""
        with_lines = min(self.drains, self.active * DRAINS_AN_APP)
        return (drain for drain in range(with_lines) if not self.is_dead(drain))

    @cached_property
    def _writers(self) -> list[int]:
        """Apps in the order in which they write. Those of a space follow each other, so that their
        lines go to Kafka together: each by itself is a request, of which a broker of two busy cores
        takes few hundred a second."""
        return sorted(range(self.active), key=lambda app: (app % self.spaces, app))

    @cached_property
    def _turns(self) -> dict[int, int]:
        return {app: turn for turn, app in enumerate(self._writers)}

    def record(self, number: int) -> tuple[int, int, int]:
        """App, the number of the line among its own, partition. An app's lines go to all partitions
        in turn, as of senders that set no key."""
        seq, turn = divmod(number, self.active)
        app = self._writers[turn]
        return app, seq, (app % self.spaces + seq) % PARTITIONS

    def written_by(self, app: int, records: int) -> int:
        """How many of so many records are this app's."""
        return max(0, -(-(records - self._turns[app]) // self.active))
