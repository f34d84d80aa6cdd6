"""The environment that Django's settings are read from in tests; loaded before pytest-django."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest

_FOLDER = tempfile.mkdtemp(prefix="logshuttle-tests-")

os.environ.update(
    {
        "AUTH_KEY": "key-of-the-tests",
        "KAFKA_HOSTS": "127.0.0.1:1",
        "SECRET_KEY": "secret-of-the-tests-and-of-no-other",
        "FIELD_ENCRYPTION_KEYS": "VGhlIGZpZWxkIGtleSBvZiB0aGUgdGVzdHMgYWxvbmU=",
        "DATABASE_URL": f"sqlite:///{_FOLDER}/tests.sqlite3",
    }
)
_UNWANTED = {
    *("DEBUG", "POSTGRES_URL", "REDIS_URL", "RUN_SESSION", "USE_SESSION", "TEST_MODE"),
    *(
        "DATABASE_CONNECTIONS",
        "SECRET_KEY_FALLBACKS",
        "AUTH_KEY_FALLBACKS",
        "AUDIT_TOPIC",
        "AUDIT_DAYS",
    ),
    *("SESSION_URL", "SESSION_IDLE_SECONDS", "HTTP_IDLE_SECONDS", "DEBUG_SESSION"),
    *("MAX_SESSIONS_PER_APP", "MAX_SESSIONS"),
    *("RATE_LIMITS", "RATE_LIMIT_UNKNOWN", "RATE_LIMIT_KEY", "RATE_LIMIT_SESSIONS"),
    *("DRAIN_ALLOWED_CIDRS", "DRAIN_DENIED_CIDRS", "DRAIN_ALLOWED_PORTS"),
    *("PORT", "ALS_PORT", "METRICS_PORT", "ALS_METRICS_PORT", "RUN_ISTIO_ALS"),
    *("ALS_TLS_CERTIFICATE", "ALS_TLS_KEY", "ALS_TLS_CLIENT_CA", "RUN_ISTIO_ALS_DEBUG", "NO_COLOR"),
}
for _name in _UNWANTED:
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def _no_name_server() -> Iterator[None]:
    """No name that a test makes a drain of has an address, whatever the network says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drains.delivery.network.lookups.addresses_of", lambda host: [])
        yield


@pytest.fixture(autouse=True)
def _no_topics() -> Iterator[None]:
    """A drain that a test makes starts in a Kafka that answers at once, and has nothing yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drains.starts.ends_of", lambda key: [])
        yield
