"""RLIMIT_NOFILE: each connection of a drain is an open file."""

from __future__ import annotations

import logging
import resource
from contextlib import suppress

logger = logging.getLogger(__name__)

ENOUGH = 4096


def raise_open_files_limit() -> int:
    """Raises the soft limit to the hard one, and warns when that is few; the limit that holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS calls its limit infinite and refuses that
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if soft != resource.RLIM_INFINITY and soft < ENOUGH:
        logger.warning(
            "Only %d files may be open (RLIMIT_NOFILE), and each connection to a drain is one",
            soft,
            extra={"action": "few_files"},
        )
    return soft
