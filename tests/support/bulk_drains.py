"""`python -m tests.support.bulk_drains ORDERS`: drains for app0, app1, …, straight into a database.

By REST each would be a request. ORDERS is a file: `{"space", "urls": [[app's number, URL], …]}`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
django.setup()

from drains.services import create_drain  # noqa: E402 - needs django.setup()
from drains.starts import ends_of  # noqa: E402
from events.keys import AppKey  # noqa: E402


@transaction.atomic
def main(orders: dict[str, Any]) -> None:
    begin = ends_of(AppKey("app", orders["space"]))
    for app, url in orders["urls"]:
        create_drain(AppKey(f"app{app}", orders["space"]), url, begin=begin)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
