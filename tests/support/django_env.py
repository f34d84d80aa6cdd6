"""The environment that Django's settings are read from in tests; loaded before pytest-django."""

from __future__ import annotations

import os
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="logshuttle-tests-")

os.environ.update(
    {
        "AUTH_KEY": "key-of-the-tests",
        "KAFKA_HOSTS": "127.0.0.1:1",
        "SECRET_KEY": "secret-of-the-tests",
        "DATABASE_URL": f"sqlite:///{_FOLDER}/tests.sqlite3",
    }
)
for _unwanted in ("DEBUG", "POSTGRES_URL", "REDIS_URL", "RUN_SESSION", "USE_SESSION", "TEST_MODE"):
    os.environ.pop(_unwanted, None)
