"""`python -m benchmarks.drains DESTINATION PORT COUNT CA`: a fresh database with drains for app0, …

They count as active since ever, so that events written before are theirs.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
django.setup()

from benchmarks.traffic import SPACE  # noqa: E402 - needs django.setup()
from drains.models import Drain  # noqa: E402 - needs django.setup()
from drains.services import create_drain  # noqa: E402
from events.keys import AppKey  # noqa: E402

URLS = {
    "tcp": "syslog://127.0.0.1:{}",
    "octet": "syslog://127.0.0.1:{}",
    "tls": "syslog+tls://localhost:{}",
    "https": "https://localhost:{}/",
}


def main() -> None:
    destination, port, count, ca = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    call_command("migrate", verbosity=0)
    options: dict[str, Any] = {}
    if destination == "octet":
        options["framing"] = "octet"
    if destination in ("tls", "https"):
        options["tls"] = {"ca": Path(ca).read_text()}
    if destination == "https":
        options["connections"] = 4  # a receiver's answers take longer than our next batch
    for number in range(count):
        create_drain(AppKey(f"app{number}", SPACE), URLS[destination].format(port), **options)
    Drain.objects.update(active_since=datetime(2000, 1, 1, tzinfo=UTC))


if __name__ == "__main__":
    main()
