"""Everything that the admin's pages can be about, one of each, with secrets that nobody may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from drains import services
from events.keys import AppKey
from logshuttle_site.access import services as keys
from logshuttle_site.audit.models import Entry
from logshuttle_site.notifications import outbox
from logshuttle_site.notifications.models import Recipient
from sessions_app import services as sessions
from sessions_app.past import Past
from sessions_app.tail.session import Selection
from shuttle.models import MalformedSample, Worker
from tests.support.certificates import Authority

_CLIENT = Authority().client()
URL = "https://me:c4nary-password@logs.example.com/in?token=c4nary-query"
HEADERS = {"X-Key": "c4nary-header"}
_HOOK = "https://hooks.example/c4nary-path"
SECRETS = ("c4nary", "whsec_", "PRIVATE KEY", *_CLIENT.key.splitlines()[1:3])
PASSWORD = "their-own-password"
_OPTIONS = {
    **{"framing": "newline", "format": "rfc5424", "connections": "", "max_record_bytes": 99990},
    **{"on_lag": "replay", "max_lag_seconds": 86400, "name": "named", "new_url": ""},
}
_KIND = {"name": "op", "kind": "webhook", "minutes": "5", "events": ["lines.lost"]}


class Stage(NamedTuple):
    rows: dict[str, Any]
    """One of each model, by its label in small letters."""

    def state(self) -> list[Any]:
        """All that requests may change."""
        models = [type(row) for row in self.rows.values()]
        return [list(model._default_manager.order_by("pk").values()) for model in models]

    def path(self, name: str) -> str:
        """Of a route of the admin (see `routes`), about what stands here."""
        route = routes()[name]
        app, _, rest = route.removeprefix("admin/").partition("/")
        row = self.rows.get(f"{app}.{rest.partition('/')[0]}")
        key = str(getattr(row, "pk", ""))
        known = {"<path:object_id>": key, "<path:drain_id>": key, "<int:pk>": key, "<id>": key}
        for part, text in known.items():
            route = route.replace(part, text)
        return "/" + _ODD.get(name, route)

    def form(self, name: str, action: str) -> dict[str, Any]:
        """What is posted there."""
        if action:
            row = self.rows[".".join(name.removesuffix("_changelist").rsplit("_", 1))]
            return {"action": action, "index": 0, "_selected_action": [row.pk], "post": "yes"}
        return dict(_FORMS.get(name, {"post": "yes"}))


_ODD = {
    "search": "admin/search/?s=drain",
    "app_list": "admin/drains/",
    "view_on_site": "admin/r/1/1/",
    "(?P<url>.*)$": "admin/nothing/",
}
_FORMS: dict[str, dict[str, Any]] = {
    "overview_act": {"action": "pause", "host": "logs.example.com", "port": "443", "why": "no"},
    "drains_drain_act": {"action": "pause"},
    "drains_drain_trial": {**_OPTIONS, "owner": "new-gs", "new_url": "syslog://h.example:514"},
    "drains_drain_add": {**_OPTIONS, "owner": "new-gs", "new_url": "syslog://h.example:514"},
    "drains_drain_change": _OPTIONS,
    "sessions_app_tailsession_add": {"owner": "gold-gs"},
    "notifications_recipient_add": {**_KIND, "new_address": _HOOK, "enabled": "on"},
    "notifications_recipient_change": {**_KIND, "new_address": ""},
    "access_apikey_add": {
        **{"name": "new", "scopes": ["read"], "reach": "app:gold-gs", "ends": "90d"},
        **{"password": PASSWORD},
    },
    "access_apikey_rotate": {"beside": "7d", "password": PASSWORD},
    "access_apikey_revoke": {"sure": "yes"},
    "auth_user_change": {
        **{"username": "somebody", "first_name": "changed"},
        **{"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"},
    },
    "auth_group_change": {"name": "changed"},
}


def staged() -> Stage:
    tls = {"certificate": _CLIENT.chain, "key": _CLIENT.key}
    drain = services.create_drain(AppKey("gold", "gs"), URL, headers=HEADERS, tls=tls)
    recipient = Recipient(address=_HOOK, shown="https://hooks.example/***", events=["lines.lost"])
    recipient.secret = "whsec_c4nary"
    recipient.save()
    message = outbox.new(recipient, "key", "test", [{}], timezone.now())
    message.save()
    _, session = sessions.open_session(Selection(AppKey("gold", "gs")), Past(1))
    now = timezone.now()
    worker = Worker(name="w", host="h", version="1", started_at=now, reported_at=now)
    worker.save()
    sample = MalformedSample(topic="gs", partition=0, offset=1, reason="json", begins="{")
    sample.seen_at = now
    sample.save()
    _, key = keys.create_key("of gold", scopes=["read"], reach=["app:gold-gs"])
    made = [
        drain,
        worker,
        sample,
        session,
        recipient,
        message,
        key,
        Entry.objects.latest("pk"),
        User.objects.create_user("somebody"),
        Group.objects.create(name="some"),
    ]
    return Stage({row._meta.label_lower: row for row in made})


def client_of(kind: str) -> Client:
    """One of admin_table.CAST."""
    client = Client(raise_request_exception=False)
    if kind != "stranger":
        client.force_login(user_of(kind))
    return client


def user_of(kind: str) -> User:
    if kind == "super":
        return User.objects.create_superuser(kind)
    user = User.objects.create_user(kind, is_staff=kind != "outsider")
    if kind not in ("outsider", "none"):
        user.user_permissions.set(Permission.objects.filter(codename__startswith=f"{kind}_"))
    return user


def routes() -> dict[str, str]:
    """All that there are of the admin, by their names, or by themselves."""
    found = dict(_walked(get_resolver().url_patterns, ""))
    admins = {name: route for name, route in found.items() if route.startswith("admin/")}
    return {name.removeprefix("admin/"): route for name, route in admins.items()}


def _walked(patterns: Any, before: str) -> Iterator[tuple[str, str]]:
    for each in patterns:
        route = before + str(each.pattern).removeprefix("^")
        if isinstance(each, URLResolver):
            yield from _walked(each.url_patterns, route)
        elif isinstance(each, URLPattern):
            yield each.name or route, route
