"""The pages that operators have, in their order."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from drains.admin.listing import counts_of
from drains.states import State


class Page(NamedTuple):
    title: str
    symbol: str
    """Of Material Symbols."""
    name: str
    permission: str
    counts: State | None = None
    """Drains in this state are counted beside it."""


PAGES = {
    "": (
        Page("Overview", "monitoring", "index", "drains.view_drain"),
        Page("Drains", "outbound", "drains_drain_changelist", "drains.view_drain", "failing"),
        Page("Workers", "memory", "shuttle_worker_changelist", "shuttle.view_worker"),
        Page(
            "Malformed records",
            "broken_image",
            "shuttle_malformedsample_changelist",
            "shuttle.view_malformedsample",
        ),
        Page(
            "Tail sessions",
            "subject",
            "sessions_app_tailsession_changelist",
            "sessions_app.view_tailsession",
        ),
    ),
    "Notifications": (
        Page(
            "Recipients",
            "campaign",
            "notifications_recipient_changelist",
            "notifications.view_recipient",
        ),
        Page(
            "Messages",
            "outgoing_mail",
            "notifications_message_changelist",
            "notifications.view_message",
        ),
    ),
    "Access": (
        Page("Keys", "key", "access_apikey_changelist", "access.view_apikey"),
        Page("Users", "person", "auth_user_changelist", "auth.view_user"),
        Page("Groups", "group", "auth_group_changelist", "auth.view_group"),
        Page("Audit", "history", "audit_entry_changelist", "audit.view_entry"),
    ),
}
"""By the heading above them."""


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """What of it may be seen, as django-unfold wants it."""
    groups = []
    for title, pages in PAGES.items():
        items = [_item(request, page) for page in pages if _may(request.user, page.permission)]
        heading = {"title": title, "separator": True} if title else {}
        if items:
            groups.append({**heading, "items": items})
    return groups


def _may(user: Any, permission: str) -> bool:
    """Who may change something may look at it, as Django has it."""
    change = permission.replace(".view_", ".change_")
    return bool(user.has_perm(permission) or user.has_perm(change))


def _item(request: HttpRequest, page: Page) -> dict[str, Any]:
    item = {"title": page.title, "icon": page.symbol, "link": reverse(f"admin:{page.name}")}
    count = counts_of(request).get(page.counts, 0) if page.counts else 0
    return {**item, **({"badge": f"{count:,}"} if count else {})}  # "" would draw an empty box
