"""What to do when a test lacks its server: skip on a laptop, fail where CI is set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_DAEMONS = ("/usr/local/sbin", "/usr/sbin", "/sbin")  # not in everybody's PATH


def requires(program: str, package: str | None = None) -> Path:
    """Where the program is. `package` is the Debian package that has it, if named otherwise."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), *_DAEMONS])
    found = shutil.which(program, path=search)
    if found is None:
        missing(f"{program} is not installed (Debian package {package or program})")
    return Path(found)


def missing(reason: str) -> NoReturn:
    """Ends the test: skipped with the reason, or failed where CI is set."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
