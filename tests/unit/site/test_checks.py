from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks

from logshuttle_site.checks import TAG


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"LAPTOP_MODE": True}, ["logshuttle.W001"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["logshuttle.W002"]),
        ({"ENCRYPTION_KEYS_DERIVED": True}, ["logshuttle.W003"]),
        ({"DATABASE_BY_DEFAULT": True}, ["logshuttle.W004"]),
        ({"SECURE_SSL_REDIRECT": True}, ["logshuttle.W006"]),
        ({"SECURE_SSL_REDIRECT": True, "TRUSTED_PROXIES": ["10.0.0.0/8"]}, []),
        ({"AUTH_KEY": "k" * 31}, ["logshuttle.W005"]),
        ({"AUTH_KEY": "k" * 31, "LAPTOP_MODE": True}, ["logshuttle.W001"]),
        ({}, []),
    ],
)
def test_what_is_not_for_production_is_said(
    changed: dict[str, Any], ids: list[str], settings: Any
) -> None:
    good = {
        "LAPTOP_MODE": False,
        "ALLOWED_HOSTS": ["a.example"],
        "ENCRYPTION_KEYS_DERIVED": False,
        "DATABASE_BY_DEFAULT": False,
        "SECURE_SSL_REDIRECT": False,
        "TRUSTED_PROXIES": [],
        "AUTH_KEY": "k" * 32,
    }
    for name, value in {**good, **changed}.items():
        setattr(settings, name, value)

    assert [found.id for found in run_checks(tags=[TAG])] == ids
