"""What the dials of all feeds share: places, and whether this process has stood still."""

from __future__ import annotations

import asyncio
import math

DIALS = 100


class Dials:
    """How many may be under way at once: dead receivers keep nobody from theirs.

    Hundreds of black holes, tried again each half minute for seconds each, would fill one queue.
    """

    def __init__(self) -> None:
        self.quick = asyncio.Semaphore(DIALS // 2)
        self.slow = asyncio.Semaphore(DIALS // 2)
        """For those whose last dial took long."""
        self.held_up_until = -math.inf
        """Monotonic seconds. Up to here nothing went on in this process for a while: what seems to
        have taken long may have been answered in time."""
