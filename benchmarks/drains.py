"""`python -m benchmarks.drains DESTINATION PORT APPS FAN_OUT PAUSED CA`: drains for app0, …
`python -m benchmarks.drains resume`: those that were paused are no longer.

They begin nowhere in particular: that is at the beginning, where no worker has been yet.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
django.setup()

from benchmarks.traffic import SPACE  # noqa: E402 - needs django.setup()
from drains.models import Drain  # noqa: E402 - needs django.setup()
from drains.services import change_drain, create_drain  # noqa: E402
from events.keys import AppKey  # noqa: E402

URLS = {
    "tcp": "syslog://127.0.0.{}:{}",
    "octet": "syslog://127.0.0.{}:{}",
    "paced": "syslog://127.0.0.{}:{}",
    "tls": "syslog+tls://localhost:{1}",
    "https": "https://localhost:{1}/",
}


def main() -> None:
    if sys.argv[1] == "resume":
        for drain in Drain.objects.all():
            change_drain(drain, paused=False)
        return
    destination, port, ca = sys.argv[1], int(sys.argv[2]), sys.argv[6]
    apps, fan_out, paused = map(int, sys.argv[3:6])
    call_command("migrate", verbosity=0)
    options: dict[str, Any] = {}
    if destination == "octet":
        options["framing"] = "octet"
    if destination in ("tls", "https"):
        options["tls"] = {"ca": Path(ca).read_text()}
    with transaction.atomic():  # workers may be looking
        for app in range(apps):
            first = app + 1 if destination == "paced" else 1
            for host in range(first, first + fan_out):  # no two drains of an app have one URL
                url = URLS[destination].format(host, port)
                create_drain(AppKey(f"app{app}", SPACE), url, begin=(), **options)
        Drain.objects.update(paused=bool(paused))


if __name__ == "__main__":
    main()
