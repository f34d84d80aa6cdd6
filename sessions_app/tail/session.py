"""What a tail session asks for. Plain values: everything below the web knows only these."""

from __future__ import annotations

from dataclasses import dataclass

from events.keys import Key


@dataclass(frozen=True, slots=True)
class Selection:
    """Which lines. An empty set or text lets all pass."""

    key: Key
    sources: frozenset[str] = frozenset()
    """Of: app, router, build."""
    processes: frozenset[str] = frozenset()
    streams: frozenset[str] = frozenset()
    """Of: stdout, stderr."""
    text: str = ""
    """To be found in the line's text, in any case."""


@dataclass(frozen=True, slots=True)
class Session:
    name: str
    """A digest of the id: may be logged, the id may not."""
    selection: Selection
    lines: int | None
    """How many of the past come first, the last ones: 0 to 1,500, to 100,000 where no live lines
    follow; None: all since `since`."""
    tail: bool
    """Whether live lines follow."""
    ends_at: float
    """Epoch seconds."""
    since: float | None = None
    """Epoch seconds: nothing that Kafka has had before is shown."""
    until: float | None = None
    """Epoch seconds: nothing that Kafka has had since is shown, and no live lines."""
