"""What was changed, and by whom: to look at. Nobody changes it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.display.cells import when
from drains.display.words import UNKNOWN, many
from events.strict_list import StrictList
from logshuttle_site.audit.export import export_response
from logshuttle_site.audit.menus import MENUS
from logshuttle_site.audit.models import Entry
from logshuttle_site.audit.searching import found_by
from logshuttle_site.audit.words import KINDS, WAYS, did, members_of

_LEAD = "Every change, whoever made it, by page, API or command."
_REQUEST_CHARACTERS = 12


@admin.register(Entry)
class EntryAdmin(StrictList):
    list_display = ("shown_at", "who", "way", "done", "from_where", "request")
    list_display_links = ("done",)
    list_filter = MENUS
    search_fields = ("about",)  # there is a field to search with: see get_search_results
    search_help_text = "App, receiver, who, address, id"
    list_per_page = 50
    fields = ()  # its page shows it by itself

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        days = settings.AUDIT_DAYS
        kept = f"they are kept for {many(days, 'day')}" if days else "they are kept for ever"
        shown = {
            "lead": f"{_LEAD} Entries are never changed; {kept}.",
            "export": f"{reverse('admin:audit_entry_export')}?{request.GET.urlencode()}",
        }
        return super().changelist_view(request, {**shown, **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        return found_by(queryset, search_term), False

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export", export, name="audit_entry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """All that the list shows with the same query, on all of its pages."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return export_response(self.get_changelist_instance(request).queryset)

    def page_of(self, request: HttpRequest, obj: Entry) -> dict[str, Any]:
        return {
            "entry": obj,
            "did": did(obj),
            "members": members_of(obj),
            "way": _way(obj),
            "of_what": KINDS.get(obj.kind, obj.kind),
        }

    @admin.display(description="When", ordering="at")
    def shown_at(self, entry: Entry) -> SafeString | str:
        return when(entry.at, timezone.now())

    @admin.display(description="Who", ordering="actor")
    def who(self, entry: Entry) -> SafeString:
        return format_html("<b>{}</b>", entry.actor or UNKNOWN)

    @admin.display(description="By")
    def way(self, entry: Entry) -> SafeString:
        return format_html('<span class="tag">{}</span>', _way(entry))

    @admin.display(description="What")
    def done(self, entry: Entry) -> str:
        return did(entry)

    @admin.display(description="From")
    def from_where(self, entry: Entry) -> str:
        return entry.address or UNKNOWN

    @admin.display(description="Request")
    def request(self, entry: Entry) -> SafeString | str:
        """Leads to all that it did."""
        if not entry.request_id:
            return UNKNOWN
        query = urlencode({"request": entry.request_id})
        shown = entry.request_id.replace("-", "")[:_REQUEST_CHARACTERS]
        return format_html('<a href="?{}" title="{}">{}</a>', query, entry.request_id, shown)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _way(entry: Entry) -> str:
    return WAYS.get(entry.actor_kind, entry.actor_kind)
