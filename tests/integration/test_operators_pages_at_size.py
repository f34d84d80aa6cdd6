"""What operators' pages ask of the database, and how many rows that reads, does not grow with the
platform; at its full size they are there at once."""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.support.platform_size import fill

TIMES = 20


class Budget(NamedTuple):
    queries: int
    """With the two that ask who it is."""
    rows: int
    """Read at full size, in all tables and indexes."""
    ms: int

    def holds(self, queries: int, rows: int, ms: float) -> bool:
        return queries <= self.queries and rows <= self.rows and ms <= self.ms


PAGES = {
    "/admin/": Budget(10, 80_000, 300),
    "/admin/?range=24h": Budget(10, 80_000, 300),
    "/admin/?range=7d": Budget(10, 80_000, 300),
    "/admin/overview/parts": Budget(10, 80_000, 300),
    "/admin/drains/drain/": Budget(11, 60_000, 200),
    "/admin/drains/drain/?state=failing": Budget(11, 60_000, 200),
    "/admin/drains/drain/?q=app77": Budget(11, 80_000, 200),
    "/admin/drains/drain/?p=6": Budget(11, 80_000, 200),
    "/admin/drains/drain/?o=5": Budget(11, 80_000, 200),
    "/admin/shuttle/worker/": Budget(10, 30_000, 200),
    "/admin/shuttle/malformedsample/": Budget(10, 30_000, 200),
    "/admin/sessions_app/tailsession/": Budget(10, 30_000, 200),
    "/admin/notifications/message/": Budget(10, 30_000, 200),
}


def rows_read() -> int:
    """By this transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
            " FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0] or 0)


def measured(client: Client, page: str) -> tuple[int, int, float]:
    """Queries, rows, and the median in milliseconds."""
    before = rows_read()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(page).status_code == 200
    queries, rows, took = len(asked), rows_read() - before, []
    for _ in range(TIMES):
        began = time.perf_counter()
        client.get(page)
        took.append((time.perf_counter() - began) * 1000)
    return queries, rows, statistics.median(took)


@pytest.mark.alone
@pytest.mark.parametrize(
    "drains",
    [pytest.param(300, id="small"), pytest.param(10_000, marks=pytest.mark.slow, id="full")],
)
def test_pages_cost_what_they_may(drains: int, in_postgres: None) -> None:
    fill(drains, days=1 if drains < 1000 else 8)
    client = Client()
    client.force_login(User.objects.create_superuser("op", password="secret"))
    found = {page: measured(client, page) for page in PAGES}
    for page, (queries, rows, ms) in found.items():
        print(f"{page:45} {queries:3} queries {rows:7} rows {ms:6.0f} ms")
    assert {page: of for page, of in found.items() if not PAGES[page].holds(*of)} == {}
