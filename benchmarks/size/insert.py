"""`python -m benchmarks.size.insert PLAN`: all drains at once, by the rules, past REST.

They have no cursors: they begin where the group does, in topics that are empty.
"""

from __future__ import annotations

import json
import os
import sys

import django
from django.db import transaction

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "logshuttle_site.settings")
django.setup()

from benchmarks.size.plan import DRAINS_AN_APP, Plan  # noqa: E402 - needs django.setup()
from drains.models import Drain  # noqa: E402
from drains.route_change import count_up_routes  # noqa: E402
from drains.services import new_drain  # noqa: E402

AT_ONCE = 2_000


@transaction.atomic
def main(plan: Plan) -> None:
    count_up_routes()
    for first in range(0, plan.drains, AT_ONCE):
        numbers = range(first, min(plan.drains, first + AT_ONCE))
        Drain.objects.bulk_create(
            new_drain(plan.key_of(number // DRAINS_AN_APP), plan.url_of(number))
            for number in numbers
        )


if __name__ == "__main__":
    main(Plan(**json.loads(sys.argv[1])))
