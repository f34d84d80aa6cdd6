"""Entries as JSON lines, the oldest first, however many: written as they are read."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.db.models import Max, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from logshuttle_site.audit.entry_json import line_of
from logshuttle_site.audit.models import Entry

AT_ONCE = 1000


def export_response(entries: QuerySet[Entry]) -> StreamingHttpResponse:
    """Those that are there by now."""
    last = entries.order_by().aggregate(last=Max("pk"))["last"] or 0
    body = _written(entries.order_by("pk").filter(pk__lte=last))
    answer = StreamingHttpResponse(body, content_type="application/x-ndjson; charset=utf-8")
    name = f"audit-{timezone.now():%Y-%m-%d}.jsonl"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _written(entries: QuerySet[Entry]) -> AsyncGenerator[bytes]:
    after = 0
    while rows := await sync_to_async(_portion)(entries, after):
        after = rows[-1].pk
        yield b"".join(line_of(row) + b"\n" for row in rows)


def _portion(entries: QuerySet[Entry], after: int) -> list[Entry]:
    rows = list(entries.filter(pk__gt=after)[:AT_ONCE])
    close_old_connections()  # a slow reader keeps none
    return rows
