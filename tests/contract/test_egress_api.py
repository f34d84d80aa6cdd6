"""Where drains may not go to, as the REST API and the admin say it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from drains import services
from drains.delivery.network import lookups
from drains.models import Drain
from events.keys import AppKey
from tests.contract.conftest import Api

APP, LIST = "/apps/gold-gs/log-drains", "/admin/drains/drain/"
URL = "syslog://logs.example:514"
GOLD = AppKey("gold", "gs")
INLINE = {"cursors-TOTAL_FORMS": 0, "cursors-INITIAL_FORMS": 0}
ADDRESS_REFUSED = "refused by policy: the address is private, reserved or closed by the operator"

REFUSED = [
    ("syslog://127.0.0.1:1514", ADDRESS_REFUSED),
    ("syslog+tls://[::1]:6514", ADDRESS_REFUSED),
    ("syslog+udp://10.0.0.1:514", ADDRESS_REFUSED),
    ("http://169.254.169.254/latest/meta-data/", ADDRESS_REFUSED),
    ("https://user:hunter2@2130706433/", ADDRESS_REFUSED),
    ("https://inside.example/", ADDRESS_REFUSED),
    (
        "syslog://logs.example:25",
        "refused by policy: port 25 is not allowed: below 1024 only 80, 443, 514, 601 are",
    ),
]


@pytest.fixture(autouse=True)
def _a_name_that_leads_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"inside.example": ["8.8.8.8", "192.168.0.1"]}
    monkeypatch.setattr(lookups, "addresses_of", lambda host: known.get(host, []))


def is_refused(answer: Any, why: str) -> None:
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "url", "detail": why}]
    assert "hunter2" not in answer.content.decode()


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_a_new_drain_to_a_refused_receiver_is_422(url: str, why: str, api: Api) -> None:
    is_refused(api.post(APP, {"url": url}), why)

    assert not Drain.objects.exists()


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_a_drain_cannot_be_turned_there_either(url: str, why: str, api: Api) -> None:
    one = f"{APP}/{api.post(APP, {'url': URL}).json()['id']}"

    is_refused(api.patch(one, {"url": url}), why)

    assert api.get(one).json()["url"] == URL


def test_an_operator_may_allow_it(api: Api, settings: Any) -> None:
    settings.DRAIN_ALLOWED_CIDRS, settings.DRAIN_ALLOWED_PORTS = ["10.0.0.0/8"], [25]

    assert api.post(APP, {"url": "syslog://10.0.0.1:25"}).status_code == 201


def test_a_drain_that_is_refused_by_now_can_still_be_renamed_and_deleted(
    api: Api, settings: Any
) -> None:
    one = f"{APP}/{api.post(APP, {'url': 'syslog://8.8.8.8:514'}).json()['id']}"
    settings.DRAIN_DENIED_CIDRS = ["8.8.8.0/24"]

    assert api.patch(one, {"name": "kept"}).status_code == 200
    assert api.delete(one).status_code == 200


@pytest.mark.parametrize(("url", "why"), REFUSED)
def test_the_admin_says_it_beside_the_field(url: str, why: str, operator: Client) -> None:
    drain = services.create_drain(GOLD, URL)
    new = {"owner": "bold-gs", "new_url": url, "name": "", **INLINE}

    for page in (f"{LIST}add/", f"{LIST}{drain.pk}/change/"):
        answer = operator.post(page, new)
        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors == {"new_url": [why]}
    assert Drain.objects.get().plain_url == URL
