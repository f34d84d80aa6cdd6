"""Keys for operators: looked at, made, replaced, revoked; always through the services."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from drains.display.cells import said_as, when
from events.strict_list import AliveMenu, StrictList
from logshuttle_site.access import services
from logshuttle_site.access.examples import example_of
from logshuttle_site.access.forms import KeyForm, RotateForm, grantable
from logshuttle_site.access.models import ApiKey

WARNED_BEFORE = timedelta(days=14)


class StateFilter(AliveMenu):
    alive, over = "alive", "expired or revoked"


@admin.register(ApiKey)
class ApiKeyAdmin(StrictList):
    lead = (
        "Who may use the REST API beside AUTH_KEY: what each key may, whom it reaches, and for how"
        " long. A key is shown once, when it is made."
    )
    list_display = ("named", "may", "reached", "used", "ends")
    list_filter = (StateFilter,)
    search_fields = ("prefix", "name")
    search_help_text = "Name or prefix"
    list_per_page = 50
    actions = None

    @admin.display(description="Key", ordering="name")
    def named(self, key: ApiKey) -> SafeString:
        return format_html('<b>{}</b> <span class="quiet">ls_{}_…</span>', key.name, key.prefix)

    @admin.display(description="May")
    def may(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="Reaches")
    def reached(self, key: ApiKey) -> str:
        return key.reaches

    @admin.display(description="Last used", ordering="last_used_at")
    def used(self, key: ApiKey) -> SafeString | str:
        return when(key.last_used_at, timezone.now()) if key.last_used_at else "never"

    @admin.display(description="Ends", ordering="expires_at")
    def ends(self, key: ApiKey) -> SafeString | str:
        now = timezone.now()
        if key.state == "revoked":
            return format_html("{} {}", said_as("paused", "Revoked"), when(key.revoked_at, now))
        if key.expires_at is None:
            return "never"
        if key.state == "expired":
            return format_html("{} {}", said_as("paused", "Expired"), when(key.expires_at, now))
        at = when(key.expires_at, now)
        is_soon = key.expires_at - now < WARNED_BEFORE
        return format_html("{} {}", said_as("warn", "Soon"), at) if is_soon else at

    @admin.display(description="Made")
    def made(self, key: ApiKey) -> SafeString | str:
        return when(key.created_at, timezone.now())

    @admin.display(description="In place of")
    def old_one(self, key: ApiKey) -> str:
        return str(key.replaces or "none")

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        return [*self.list_display, "made", "old_one"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        return super().get_queryset(request).select_related("replaces")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/rotate/", wrap(self.rotate_view), name="access_apikey_rotate"),
            path("<int:pk>/revoke/", wrap(self.revoke_view), name="access_apikey_revoke"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        may_revoke = request.user.has_perm("access.change_apikey")
        ours = {"may_revoke": may_revoke, "may_rotate": may_revoke and self._may_make(request)}
        return super().change_view(request, object_id, form_url, {**ours, **(extra_context or {})})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A form of our own: a password is not looked at inside of a transaction."""
        if not self._may_make(request):
            raise PermissionDenied
        form = KeyForm(request.user, request.POST if request.method == "POST" else None)
        return self._shown_form(request, form, "A new key", "Make the key")

    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another key for the same; the old one goes on for a while."""
        key = self._alive_key(request, pk)
        if not self._may_make(request) or not grantable(request.user).issuperset(key.scopes):
            raise PermissionDenied
        form = RotateForm(request.user, key, request.POST if request.method == "POST" else None)
        return self._shown_form(request, form, f"A key in place of {key}", "Make the new key")

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST; it asks first."""
        key = self._alive_key(request, pk)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if "sure" not in request.POST:
            return self._page(request, "revoke", {"key": key, "title": "Revoke a key"})
        services.revoke_key(key)
        messages.success(request, f"{key} is revoked: nobody gets in with it any more.")
        return redirect("admin:access_apikey_changelist")

    def _shown_form(self, request: HttpRequest, form: Any, title: str, does: str) -> HttpResponse:
        """The form, or the key: on this page, this once, and nowhere else."""
        if not form.is_valid():
            return self._page(request, "add", {"form": form, "title": title, "does": does})
        text, key = form.made
        shown = {"key": key, "text": text, "title": "A new key"}
        example = example_of(key, text, request.build_absolute_uri("/"))
        return self._page(request, "made", {**shown, "example": example})

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        # No page of the admin is stored (`no-store`), so none that shows a key.
        return TemplateResponse(request, f"admin/access/apikey/{name}.html", shown)

    def _alive_key(self, request: HttpRequest, pk: int) -> ApiKey:
        if not request.user.has_perm("access.change_apikey"):
            raise PermissionDenied
        key = ApiKey.objects.filter(pk=pk).first()
        if key is None or key.state != "alive":
            raise Http404
        return key

    def _may_make(self, request: HttpRequest) -> bool:
        return request.user.has_perm("access.add_apikey")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
