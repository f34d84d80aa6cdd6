from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks

from logshuttle_site.checks import TAG
from logshuttle_site.env_secrets import LAPTOPS_OWN

RANDOM = "0af1c3b7d9e8264510af1c3b7d9e8264"
GOOD_KEY = Fernet.generate_key().decode()


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"LAPTOP_MODE": True}, ["logshuttle.W001"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["logshuttle.W002"]),
        ({"ENCRYPTION_KEYS_DERIVED": True}, ["logshuttle.W003"]),
        ({"DATABASE_BY_DEFAULT": True}, ["logshuttle.W004"]),
        ({"SECURE_SSL_REDIRECT": True}, ["logshuttle.W006"]),
        ({"SECURE_SSL_REDIRECT": True, "TRUSTED_PROXIES": ["10.0.0.0/8"]}, []),
        ({"AUTH_KEY": RANDOM[:31]}, ["logshuttle.W005"]),
        ({"AUTH_KEY": RANDOM[:31], "LAPTOP_MODE": True}, ["logshuttle.W001"]),
        ({"AUTH_KEY": "changeme" * 4}, ["logshuttle.W007"]),
        ({"SECRET_KEY_FALLBACKS": [LAPTOPS_OWN]}, ["logshuttle.W007"]),
        ({"FIELD_ENCRYPTION_KEYS": [GOOD_KEY, "A" * 43 + "="]}, ["logshuttle.W007"]),
        ({"SECRET_KEY": "x" * 50, "LAPTOP_MODE": True}, ["logshuttle.W001"]),
        (
            {"LAPTOP_MODE": True, "ALLOWED_HOSTS": [".localhost", "laptop.example"]},
            ["logshuttle.W001", "logshuttle.W008"],
        ),
        ({"KAFKA_HOSTS": ["127.0.0.1:9092"], "SESSION_URL": ""}, []),
        ({}, []),
    ],
)
def test_what_is_not_for_production_is_said(
    changed: dict[str, Any], ids: list[str], settings: Any
) -> None:
    _set(settings, changed)

    assert sorted(str(found.id) for found in run_checks(tags=[TAG])) == ids


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, []),
        ({"KAFKA_HOSTS": ["localhost:9092", "[::1]:9092"]}, ["logshuttle.W009"]),
        ({"KAFKA_HOSTS": ["127.0.0.1:9092", "kafka:9092"]}, []),
        ({"SESSION_URL": ""}, ["logshuttle.W010"]),
    ],
)
def test_more_is_said_where_production_is_asked_for(
    changed: dict[str, Any], ids: list[str], settings: Any
) -> None:
    _set(settings, changed)

    found = run_checks(tags=[TAG], include_deployment_checks=True)

    assert [each.id for each in found] == ids


def _set(settings: Any, changed: dict[str, Any]) -> None:
    good = {
        "LAPTOP_MODE": False,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1"],
        "ENCRYPTION_KEYS_DERIVED": False,
        "DATABASE_BY_DEFAULT": False,
        "SECURE_SSL_REDIRECT": False,
        "TRUSTED_PROXIES": [],
        "AUTH_KEY": RANDOM,
        "SECRET_KEY": RANDOM,
        "SECRET_KEY_FALLBACKS": [],
        "FIELD_ENCRYPTION_KEYS": [GOOD_KEY],
        "KAFKA_HOSTS": ["kafka:9092"],
        "SESSION_URL": "https://tail.example",
    }
    for name, value in {**good, **changed}.items():
        setattr(settings, name, value)
