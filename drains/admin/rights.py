"""Who may do what with drains, where a page is none of Django's own: the drains' admin says it, so
that an installation has one class to put its own rules into."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from drains.models import Drain


def may_look(request: HttpRequest) -> bool:
    return bool(_drains().has_view_permission(request))


def may_change(request: HttpRequest, drain: Drain | None = None) -> bool:
    """This one; None: any."""
    return bool(_drains().has_change_permission(request, drain))


def refuse_who_may_not_add(request: HttpRequest) -> None:
    """Raises PermissionDenied."""
    if not _drains().has_add_permission(request):
        raise PermissionDenied


def drain_to_look_at(request: HttpRequest, drain_id: str) -> Drain:
    """Raises PermissionDenied, or Http404 for one that they do not see."""
    return _one(request, drain_id, _drains().has_view_permission)


def drain_to_change(request: HttpRequest, drain_id: str) -> Drain:
    """As the one above."""
    return _one(request, drain_id, _drains().has_change_permission)


def _one(request: HttpRequest, drain_id: str, may: Any) -> Drain:
    if not may(request):
        raise PermissionDenied
    drain: Drain | None = _drains().get_queryset(request).with_id(drain_id)
    if drain is None:
        raise Http404
    if not may(request, drain):
        raise PermissionDenied
    return drain


def _drains() -> Any:
    return admin.site.get_model_admin(Drain)
