"""What operators' pages ask of the database, and how many rows that reads, does not grow with the
platform; at its full size they are there at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.platform_size import fill
from tests.support.store_stage import as_default, connection_to


class Budget(NamedTuple):
    queries: int
    """With the two that ask who it is."""
    rows: int
    """Read at full size, in all tables and indexes."""
    ms: int

    def holds(self, queries: int, rows: int, ms: float) -> bool:
        return queries <= self.queries and rows <= self.rows and ms <= self.ms


OVERVIEW = Budget(10, 400_000, 800)
LIST = Budget(12, 6_000, 400)
"""Menus and tabs are counted in indexes, of which no row of the table is read."""
SUMS = Budget(12, 220_000, 1_000)
"""Sorted by what workers say of all, or searched in the texts of all."""
OTHERS = Budget(10, 30_000, 200)
AUDIT = Budget(8, 30_000, 400)
AUDIT_SEARCH = Budget(8, 900_000, 1_500)
"""Of 400,000 entries: who looks for a word looks through all."""

DRAINS, ENTRIES = "/admin/drains/drain/", "/admin/audit/entry/"
PAGES = {
    "/admin/": OVERVIEW,
    "/admin/?range=24h": OVERVIEW,
    "/admin/?range=7d": OVERVIEW,
    "/admin/overview/parts": OVERVIEW,
    DRAINS: LIST,
    f"{DRAINS}?p=6": LIST,
    f"{DRAINS}?state=failing": LIST,
    f"{DRAINS}?state=live": LIST,
    f"{DRAINS}?state=new": LIST,
    f"{DRAINS}?state=replaying": LIST,
    f"{DRAINS}?state=paused": LIST,
    f"{DRAINS}?space=space7": LIST,
    f"{DRAINS}?receiver=logs-7.example.com:6514": LIST,
    f"{DRAINS}?scheme=syslog%2Btls": LIST,
    f"{DRAINS}?o=-1": LIST,
    f"{DRAINS}?o=2": LIST,
    f"{DRAINS}?o=3": LIST,
    f"{DRAINS}?q=app77": SUMS,
    f"{DRAINS}?o=5": SUMS,
    f"{DRAINS}?o=6": SUMS,
    f"{DRAINS}?o=7": SUMS,
    "/admin/shuttle/worker/": OTHERS,
    "/admin/shuttle/malformedsample/": OTHERS,
    "/admin/sessions_app/tailsession/": OTHERS,
    "/admin/notifications/message/": OTHERS,
    ENTRIES: AUDIT,
    f"{ENTRIES}?who=k7": AUDIT,
    f"{ENTRIES}?owner=app7-gs": AUDIT,
    f"{ENTRIES}?days=7": AUDIT,
    f"{ENTRIES}?q=logs-77": AUDIT_SEARCH,
    f"{ENTRIES}?q=0f8b5f0a-2c51-4c8f-9d55-3f0d5f6f2a11": AUDIT,
}


@pytest.fixture
def in_own_postgres(
    postgres_url: str, django_db_setup: None, django_db_blocker: Any
) -> Iterator[None]:
    """Django's database is one that has been tidied up, as no transaction can: counts are then
    found in indexes alone."""
    made = connection_to(postgres_url)
    with django_db_blocker.unblock(), as_default(made):
        call_command("migrate", verbosity=0)
        yield
        made.close()


def rows_read() -> int:
    """By this transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
            " FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0] or 0)


def measured(client: Client, page: str, times: int) -> tuple[int, int, float]:
    """Queries, rows, and the least milliseconds of so many times; 0 for none."""
    with transaction.atomic():
        before = rows_read()
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page).status_code == 200
        queries, rows, took = len(asked), rows_read() - before, []
    for _ in range(times):
        began = time.perf_counter()
        client.get(page)
        took.append((time.perf_counter() - began) * 1000)
    return queries, rows, min(took, default=0.0)


def too_dear(*last_pages: str, times: int) -> dict[str, tuple[int, int, float]]:
    """What costs more than it may."""
    client = Client()
    client.force_login(User.objects.create_superuser("op", password="secret"))
    budgets = PAGES | dict.fromkeys(last_pages, LIST)
    found = {page: measured(client, page, times) for page in budgets}
    for page, (queries, rows, ms) in found.items():
        print(f"{page:50} {queries:3} queries {rows:7} rows {ms:6.0f} ms")
    return {page: of for page, of in found.items() if not budgets[page].holds(*of)}


def test_pages_cost_what_they_may(in_postgres: None) -> None:
    fill(300, days=1)
    assert too_dear(times=0) == {}


@pytest.mark.slow
@pytest.mark.alone
def test_pages_of_a_platform_cost_what_they_may(in_own_postgres: None) -> None:
    fill(100_000, spaces=2_000, days=8, events=3, entries=400_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    assert too_dear(f"{DRAINS}?p=2000", f"{DRAINS}?state=live&p=1900", times=5) == {}
