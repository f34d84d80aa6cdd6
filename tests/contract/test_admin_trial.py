"""A drain is tried before it is added: by the same rules, and nothing is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from drains.models import Drain, DrainEvent

TRIAL = "/admin/drains/drain/trial"


def asked(**values: Any) -> dict[str, Any]:
    inline = {"cursors-TOTAL_FORMS": 0, "cursors-INITIAL_FORMS": 0}
    return {"owner": "gold-gs", "new_url": "syslog://h.example:514", "name": "", **inline, **values}


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked up by nobody."""
    monkeypatch.setattr("drains.admin.trial.try_out", tried)


tries: list[Drain] = []


def tried(drain: Drain) -> tuple[bool, list[Any]]:
    from drains.delivery.trial import Step

    tries.append(drain)
    return False, [Step("resolve", True, 3, "192.0.2.1"), Step("connect", False, 4, "timed out")]


def test_its_steps_are_told_with_what_helps_and_nothing_is_kept(operator: Client) -> None:
    tries.clear()
    told = operator.post(TRIAL, asked(framing="octet")).json()
    assert [(step["step"], step["ok"]) for step in told["steps"]] == [
        ("resolve", True),
        ("connect", False),
    ]
    assert not told["ok"]
    assert "firewall" in told["helps"]
    (drain,) = tries
    assert (drain.plain_url, drain.option("framing")) == ("syslog://h.example:514", "octet")
    assert not Drain.objects.exists()
    assert not DrainEvent.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"owner": ""}, "owner"),
        ({"new_url": ""}, "new_url"),
        ({"new_url": "ftp://h"}, "new_url"),
        ({"connections": "0"}, "connections"),
        ({"filter_include": "("}, "filter_include"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    operator: Client, values: dict[str, str], field: str
) -> None:
    tries.clear()
    answer = operator.post(TRIAL, asked(**values))
    assert answer.status_code == 422
    assert list(answer.json()["faults"]) == [field]
    assert tries == []


def test_who_may_add_none_tries_none(db: None) -> None:
    user = User.objects.create_user("reader", password="secret", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_drain"))
    client = Client()
    client.force_login(user)
    assert client.post(TRIAL, asked()).status_code == 403
