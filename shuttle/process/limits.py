"""What this process may have, and what Python is told that it is like."""

from __future__ import annotations

import gc
import logging
import resource
from contextlib import suppress

logger = logging.getLogger(__name__)

ENOUGH_FILES = 4096
NEW_OBJECTS = 20_000


def raise_open_files_limit() -> int:
    """Raises the soft limit of open files, of which each connection is one, to the hard one.

    Warns when that is few. Returns the limit that holds.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS calls its limit infinite and refuses that
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if soft != resource.RLIM_INFINITY and soft < ENOUGH_FILES:
        logger.warning(
            "Only %d files may be open (RLIMIT_NOFILE), and each connection to a drain is one",
            soft,
            extra={"action": "few_files"},
        )
    return soft


def spare_the_collector() -> None:
    """Call it when everything is imported, before the first record.

    A batch is a thousand new objects that the collector counts, all of them gone with the batch
    and none in a cycle: at Python's own threshold of 700 it looks at each of them, and now and
    then at all of Django, for nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
