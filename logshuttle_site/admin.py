"""Users and groups, as Django has them, but for one thing: nobody gets more than they have by the
right to change users. Permissions are given by superusers alone."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest

_GIVEN_BY_SUPERUSERS = ("is_superuser", "groups", "user_permissions")

for _model in (User, Group):
    admin.site.unregister(_model)


@admin.register(User)
class StaffAdmin(UserAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        known = tuple(super().get_readonly_fields(request, obj))
        return known if _is_superuser(request) else (*known, *_GIVEN_BY_SUPERUSERS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sets somebody's password can log in as them."""
        return super().has_change_permission(request, obj) and _has_as_much(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _has_as_much(request, obj)

    def user_change_password(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        with transaction.atomic():  # with its entry in the audit
            return super().user_change_password(request, *args, **options)


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin):
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        known = tuple(super().get_readonly_fields(request, obj))
        return known if _is_superuser(request) else (*known, "permissions")


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


def _has_as_much(request: HttpRequest, user: User | None) -> bool:
    """As this user, who may do everything if a superuser; what one has who is not active, nobody is
    told. None: whoever it is about."""
    if user is None or _is_superuser(request):
        return True
    theirs: set[str] = user.get_all_permissions()
    is_known = user.is_active and not user.is_superuser
    return is_known and theirs <= request.user.get_all_permissions()
