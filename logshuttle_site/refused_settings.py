"""What a process says that cannot start with its settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from logshuttle_site.doctor.findings import Findings, fail
from logshuttle_site.doctor.show import as_json
from logshuttle_site.env import SettingsError

EXIT_STATUS = 2
_WHAT_TO_DO = "See docs/configuration.md; nothing starts as it is."


def say_what_is_refused(error: SettingsError, argv: Sequence[str]) -> int:
    """The exit status. Who asked the doctor for JSON gets it, where they look for it."""
    if argv[1:2] == ["doctor"] and "--json" in argv:
        found = [fail(fault, _WHAT_TO_DO) for fault in error.faults]
        print(json.dumps(as_json(Findings({"Settings": found}, is_stuck=False), None), indent=2))
    print(error, file=sys.stderr)
    return EXIT_STATUS
