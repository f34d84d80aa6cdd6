"""What Python is told that a worker is like."""

from __future__ import annotations

import gc

NEW_OBJECTS = 20_000


def spare_the_collector() -> None:
    """Call it when everything is imported, before the first record.

    A batch is a thousand new objects that the collector counts, all of them gone with the batch
    and none in a cycle: at Python's own threshold of 700 it looks at each of them, and now and
    then at all of Django, for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
