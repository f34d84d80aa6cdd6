"""`false`, `0` and `off` for each setting that docs/configuration.md names: off, or refused, or
taken for what it is and said."""

from __future__ import annotations

import re

import pytest

from tests.support.processes import ROOT
from tests.support.settings_start import faults_of, started

NO = ("false", "0", "off")

FLAGS = {
    *("DEBUG", "ADMIN_THEME", "SECURE_SSL_REDIRECT", "SECURE_HSTS_INCLUDE_SUBDOMAINS"),
    *("SECURE_HSTS_PRELOAD", "RUN_SESSION", "USE_SESSION", "DEBUG_SESSION"),
    *("RUN_ISTIO_ALS", "RUN_ISTIO_ALS_DEBUG", "DRAIN_EVENTS", "EMAIL_USE_TLS"),
}
MAY_BE_0 = {
    *("SECURE_HSTS_SECONDS", "METRICS_MAX_DRAINS", "MAX_SYSLOG_CONNECTIONS", "ALS_METRICS_PORT"),
    *("SHUTDOWN_GRACE_SECONDS", "HTTP_IDLE_SECONDS", "SESSION_IDLE_SECONDS", "AUDIT_DAYS"),
    *("RATE_LIMIT_UNKNOWN", "RATE_LIMIT_KEY", "RATE_LIMIT_SESSIONS"),
}
ANY_VALUE_IS_ON = {"TEST_MODE", "NO_COLOR"}
TEXTS = {"AUTH_KEY", "AUTH_KEY_FALLBACKS", "SECRET_KEY_FALLBACKS", "ENVIRONMENT", "KAFKA_GROUP"}
"""What they hold is nobody's word for no; weak keys are warned of."""
LOGIN = {"EMAIL_HOST_USER": "me", "EMAIL_HOST_PASSWORD": "pw"}
OTHER_NAMES = {"DEBUG": "LAPTOP_MODE", "USE_SESSION": "RUN_SESSION"}


def documented() -> set[str]:
    """All names of the table, but for KAFKA_CONF_… whose values are librdkafka's."""
    text = (ROOT / "docs" / "configuration.md").read_text()
    table = text.partition("| setting |")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}


def test_the_lists_are_of_settings_that_there_are() -> None:
    assert len(documented()) > 50
    assert documented() >= FLAGS | MAY_BE_0 | ANY_VALUE_IS_ON | TEXTS


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(documented()))
def test_a_word_of_no_never_means_the_opposite(name: str) -> None:
    for word in NO:
        if name in FLAGS:
            assert started({name: word})[OTHER_NAMES.get(name, name)] is False
        elif name in ANY_VALUE_IS_ON:
            assert started({name: word})[name] is True
        elif name in TEXTS:
            assert word in started({name: word})[name]
        elif name in MAY_BE_0 and word == "0":
            assert started({name: word})[name] in (0, 1)
        elif name == "RATE_LIMITS":
            assert started({name: word})["RATE_LIMIT_KEY"] == 0
        elif name in LOGIN:
            assert started({**LOGIN, name: word})[name] == word
        else:
            faults = faults_of({name: word})
            assert faults, f"{name}={word} is taken"
            assert all(fault.startswith((f"{name}:", "ALS_TLS_")) for fault in faults)


@pytest.mark.parametrize(
    ("word", "is_warned"),
    [("1", False), ("yes", False), ("False", True), ("0", True), ("no", True), ("OFF", True)],
)
def test_test_mode_is_on_for_any_value_and_each_start_says_so(word: str, is_warned: bool) -> None:
    settings = started({"TEST_MODE": word})

    assert settings["TEST_MODE"]
    assert settings["KAFKA_GROUP"] == "logshuttletest"
    (note,) = settings["SETTINGS_NOTES"]
    assert note.startswith("TEST_MODE: test mode is on")
    assert ("unset it to turn it off" in note) == is_warned
    assert started({"TEST_MODE": " "})["SETTINGS_NOTES"] == []
