"""Headers and keys of a drain that gets another receiver, by somebody who may not see them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from drains import services
from drains.api import DrainViewSet
from drains.errors import InvalidDrainError
from drains.models import Drain
from events.access import Scope
from events.keys import AppKey
from tests.contract.conftest import Api, is_problem
from tests.support.certificates import Authority

GOLD, APP = AppKey("gold", "gs"), "/apps/gold-gs/log-drains"
CLIENT = Authority().client()
TLS = {"certificate": CLIENT.chain, "key": CLIENT.key}
HEADERS = {"X-Key": "s3cret"}
URL = "https://h.example/in"
OTHERS = (
    "https://other.example/in",
    "https://h.example:8444/in",
)


@pytest.fixture
def drain(db: None) -> Drain:
    return services.create_drain(GOLD, URL, headers=HEADERS, tls=TLS)


def faults_of(drain: Drain, **changes: Any) -> list[str]:
    """The fields that have to be given again."""
    try:
        services.change_drain(drain, **changes)
    except InvalidDrainError as error:
        return [field for field, _ in error.faults]
    return []


@pytest.mark.parametrize("url", OTHERS)
def test_another_receiver_is_given_them_again(url: str, drain: Drain) -> None:
    assert faults_of(drain, url=url) == ["headers", "tls.key"]
    assert faults_of(drain, url=url, headers={}) == ["tls.key"]
    assert faults_of(drain, url=url, tls=None) == ["headers"]
    assert faults_of(drain, url=url, tls={"certificate": CLIENT.chain}) == ["headers", "tls.key"]
    assert Drain.objects.get().plain_url == URL
    assert faults_of(drain, url=url, headers={"X-Key": "new"}, tls=TLS) == []
    assert Drain.objects.get().plain_url == url
    assert Drain.objects.get().options.headers == (("X-Key", "new"),)


def test_without_tls_the_same_host_is_another(db: None) -> None:
    drain = services.create_drain(GOLD, "https://h.example:8080/", headers=HEADERS)
    assert faults_of(drain, url="http://h.example:8080/") == ["headers"]
    assert faults_of(drain, url="http://h.example:8080/", headers=None) == []
    services.change_drain(drain, headers=HEADERS)
    assert faults_of(drain, url="https://h.example:8080/") == [], "with TLS again: the same one"


@pytest.mark.parametrize("url", ["https://h.example/other?a=b", "https://me:pw@H.Example:443/in"])
def test_the_same_receiver_keeps_them(url: str, drain: Drain) -> None:
    assert faults_of(drain, url=url) == []
    assert dict(Drain.objects.get().options.headers) == HEADERS
    assert Drain.objects.get().options.tls.key


def test_what_is_no_secret_goes_along(db: None) -> None:
    ca = {"ca": Authority().pem}
    drain = services.create_drain(GOLD, URL, tls=ca, framing="octet")
    assert faults_of(drain, url=OTHERS[0]) == []
    assert Drain.objects.get().options.tls.ca


def test_a_row_that_does_not_say_where_it_leads_is_asked_for(drain: Drain) -> None:
    Drain.objects.update(host="", port=0, scheme="")
    assert faults_of(drain, url=URL) == ["headers", "tls.key"]


def test_who_sees_them_takes_them_along(api: Api, drain: Drain) -> None:
    answer = api.patch(f"{APP}/{drain.pk}", {"url": OTHERS[0]})
    assert answer.status_code == 200
    assert dict(Drain.objects.get().options.headers) == HEADERS


class Blind:
    """May all that another may, but for seeing secrets."""

    def __init__(self, of: Any) -> None:
        self._of = of

    def may(self, scope: Scope) -> bool:
        return scope is not Scope.SECRETS and bool(self._of.may(scope))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


def test_a_key_without_the_scope_is_told_by_field(
    api: Api, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    initial = DrainViewSet.initial

    def blind(view: DrainViewSet, request: Any, *args: Any, **values: Any) -> None:
        initial(view, request, *args, **values)
        request.user = Blind(request.user)

    monkeypatch.setattr(DrainViewSet, "initial", blind)
    body = is_problem(api.patch(f"{APP}/{drain.pk}", {"url": OTHERS[0]}), 422)
    assert [error["field"] for error in body["errors"]] == ["headers", "tls.key"]
    given = {"url": OTHERS[0], "headers": {"X-Key": "new"}, "tls": None}
    assert api.patch(f"{APP}/{drain.pk}", given).status_code == 200


def test_the_admin_asks_beside_the_fields(operator: Client, drain: Drain) -> None:
    path = f"/admin/drains/drain/{drain.pk}/change/"
    form = {
        **{"framing": "newline", "format": "rfc5424", "connections": "", "max_record_bytes": 99990},
        **{"on_lag": "replay", "max_lag_seconds": 86400, "name": "", "new_url": OTHERS[0]},
    }
    answer = operator.post(path, form)
    errors = answer.context["adminform"].form.errors
    assert {"new_headers", "tls_key"} <= errors.keys()
    assert "give it again" in errors["new_headers"][0]
    assert Drain.objects.get().plain_url == URL
    cleared = {"clear_headers": "on", "clear_tls_certificate": "on"}
    assert operator.post(path, {**form, **cleared}).status_code == 302
    moved = Drain.objects.get()
    assert (moved.plain_url, moved.options.headers, moved.options.tls.key) == (OTHERS[0], (), "")
