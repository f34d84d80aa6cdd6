"""`python -m benchmarks.drains TOPIC COUNT PORT`: a fresh database with drains for app0, app1, …

They count as active since ever, so that events written before are theirs.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
django.setup()

from drains.models import Drain  # noqa: E402 - needs django.setup()
from drains.services import create_drain  # noqa: E402
from events.keys import AppKey  # noqa: E402


def main() -> None:
    space, count, port = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    call_command("migrate", verbosity=0)
    for number in range(count):
        create_drain(AppKey(f"app{number}", space), f"syslog://127.0.0.1:{port}")
    Drain.objects.update(active_since=datetime(2000, 1, 1, tzinfo=UTC))


if __name__ == "__main__":
    main()
