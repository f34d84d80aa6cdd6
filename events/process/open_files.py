"""How many files this process may have open: each connection is one."""

from __future__ import annotations

import logging
import resource
import sys
from contextlib import suppress

logger = logging.getLogger(__name__)

ENOUGH_FILES = 4096


def open_files_max() -> int:
    """The limit that holds now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft


def raise_open_files_limit() -> int:
    """Raises the soft limit of open files to the hard one, and returns what holds then.

    Warns when that is few.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):  # macOS calls its limit infinite and refuses that
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files = open_files_max()
    if files < ENOUGH_FILES:
        logger.warning(
            "Only %d files may be open (RLIMIT_NOFILE), and each connection is one",
            files,
            extra={"action": "few_files"},
        )
    return files
