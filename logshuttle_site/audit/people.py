"""Users and groups of the admin, and what they may do, whoever changes it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Manager, Model
from django.db.models.signals import m2m_changed

from drains.url_text import REDACTED
from events.changes import Change, Facts, announce
from logshuttle_site.audit.watching import watch

_SAID_AS = {"user_permissions": "permissions", "user_set": "users", "group_set": "groups"}


def watch_people() -> None:
    # A log-in saves these two by themselves: when it was, and a hash that is made anew.
    watch(User, "user", _user, own=("last_login", "password"))
    watch(Group, "group", lambda group: Facts({"name": group.name}))
    for model, name, backwards in (
        (User, "groups", "user_set"),
        (User, "user_permissions", "user_set"),
        (Group, "permissions", "group_set"),
    ):
        _watch_members(getattr(model, name).through, name, backwards)


def _user(user: User) -> Facts:
    told = {
        "username": user.username,
        "name": user.get_full_name(),
        "email": user.email,
        "active": user.is_active,
        "staff": user.is_staff,
        "superuser": user.is_superuser,
        "password": REDACTED if user.has_usable_password() else "none",
    }
    return Facts(told, {"password": user.password})


def _watch_members(through: type[Model], name: str, backwards: str) -> None:
    """`name`: of the attribute that holds them; `backwards`: of the one on their side."""

    def heard(
        instance: Model, action: str, reverse: bool, pk_set: Collection[Any] | None, **_: Any
    ) -> None:
        if action not in ("post_add", "post_remove", "pre_clear"):
            return
        attribute = backwards if reverse else name
        members: Manager[Any] = getattr(instance, attribute)
        there = _names(members.all())
        named = _names(members.model._default_manager.filter(pk__in=pk_set or ()))
        before = {
            "post_add": [each for each in there if each not in named],
            "post_remove": sorted({*there, *named}),
            "pre_clear": there,
        }[action]
        after = [] if action == "pre_clear" else there
        if before != after:
            said = _SAID_AS.get(attribute, attribute)
            kind = str(instance._meta.model_name)
            change = Change(kind, str(instance.pk), "changed", "", str(instance))
            announce(change._replace(before={said: before}, after={said: after}))

    m2m_changed.connect(heard, sender=through, weak=False)


def _names(members: Any) -> list[str]:
    if members.model is Permission:
        pairs = members.values_list("content_type__app_label", "codename")
        return sorted(f"{app}.{code}" for app, code in pairs)
    column = "username" if members.model is User else "name"
    return sorted(members.values_list(column, flat=True))
