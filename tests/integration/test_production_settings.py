"""What docs/configuration.md shows for production: Django has nothing to say of it."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from tests.support.processes import ROOT, manage, run_process

SECRETS = {
    "auth_key": secrets.token_urlsafe(48),
    "secret_key": secrets.token_urlsafe(48),
    "field_encryption_keys": Fernet.generate_key().decode(),
    "database_url": "postgres://logshuttle:s3cret@db.internal/logshuttle",
    "redis_url": "rediss://:s3cret@cache.internal",
    "kafka_password": "s3cret",
}


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """The example's settings, with files of this test's own."""
    docs = (ROOT / "docs" / "configuration.md").read_text()
    section = docs.partition("## In production\n")[2].partition("\n## ")[0]
    found = dict(re.findall(r"^    ([A-Za-z0-9_]+)=(.*)$", section, re.MULTILINE))
    assert len(found) > 15
    for name, value in found.items():
        if name.endswith("_FILE"):
            file = tmp_path / Path(value).name
            file.write_text(SECRETS[file.name])
            found[name] = str(file)
    return found


def checked(environment: dict[str, str], folder: Path) -> tuple[int, str]:
    args = manage("check", "--deploy", "--fail-level", "WARNING")
    with run_process(args, log=folder / "check.log", env=environment) as running:
        return running.wait(60), running.output()


def test_check_deploy_has_nothing_to_say(production: dict[str, str], tmp_path: Path) -> None:
    status, said = checked(production, tmp_path)

    assert status == 0, said
    assert "no issues" in said
    # What login/rules.py says why: of others' checks these two alone, and none of Django's or ours.
    assert {each.partition(".")[0] for each in settings.SILENCED_SYSTEM_CHECKS} <= {"axes"}


def test_what_is_left_out_is_said(production: dict[str, str], tmp_path: Path) -> None:
    for name in ("SESSION_URL", "SECURE_SSL_REDIRECT", "FIELD_ENCRYPTION_KEYS_FILE"):
        del production[name]
    status, said = checked(production | {"KAFKA_HOSTS": "localhost"}, tmp_path)

    assert status == 1
    assert set(re.findall(r"\((\w+\.W\d+)\)", said)) == {
        "security.W008",
        "logshuttle.W003",
        "logshuttle.W009",
        "logshuttle.W010",
    }
    assert "s3cret" not in said
