"""The admin's site: its first page is the overview. django-unfold draws its frame; without it
(ADMIN_THEME) all of it stands in Django's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from logshuttle_site.login.guard import guarded

if settings.ADMIN_THEME:
    from unfold.sites import UnfoldAdminSite as Frame
else:
    Frame = AdminSite


class OperatorSite(Frame):  # type: ignore[misc]
    site_title = "Log shuttle"
    site_header = " - ".join(filter(None, ("Log shuttle", settings.ENVIRONMENT)))
    site_url = None  # there is no site beside the admin
    index_title = "Overview"
    index_template = "overview/index.html"
    empty_value_display = "–"

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # They need a site to register with.
        from drains.admin.rights import may_look
        from logshuttle_site.overview.page import shown

        context = {**(extra_context or {})}
        if may_look(request):
            context["o"] = found = shown(request)
            request.drain_counts = found.of.drains  # type: ignore[attr-defined]
        answer: HttpResponse = super().index(request, context)
        return answer

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        show = partial(super().login, request, extra_context)
        answer: HttpResponse = guarded(request, show) if request.method == "POST" else show()
        return answer

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The frame's, of the names of pages: more than one page of them is never found."""
        if request.GET.get("page", "1") != "1":
            raise BadRequest("page: there is one")
        answer: HttpResponse = super().search(request, extra_context)
        return answer

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Whoever renews a list has its frame already. Colours are in `theme/frame.css`: in the
        page itself no policy would take them."""
        frame = "theme/bare.html" if "X-Part" in request.headers else "admin/base_site.html"
        ours = {"frame": frame, "is_themed": settings.ADMIN_THEME, "colors": None}
        return {**super().each_context(request), **ours}
