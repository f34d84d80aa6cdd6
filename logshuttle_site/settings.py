"""Everything that can be set, read once: nothing else reads the environment.

`docs/configuration.md` says what each setting means. A fault stops the start with one message
that lists all of them.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from logshuttle_site.command_line import (
    OFFLINE,
    SERVERS,
    WITHOUT_CACHE,
    WITHOUT_DATABASE,
    command_of,
)
from logshuttle_site.env import Env
from logshuttle_site.env_hosts import allowed_hosts_of, origins_of, web_base_of
from logshuttle_site.env_kafka import kafka_conf_of, kafka_group_of, kafka_hosts_of
from logshuttle_site.env_mail import mail_of
from logshuttle_site.env_redis import redis_url_of
from logshuttle_site.env_secrets import auth_keys_of, encryption_keys_of, secret_keys_of
from logshuttle_site.env_values import (
    als_tls_of,
    audit_topic_of,
    cache_for,
    database_of,
    rate_limits_of,
    refuse_equal_ports,
    services_of,
    test_mode_of,
    trusted_proxies_of,
)
from logshuttle_site.login.rules import *  # noqa: F403 - Django looks for its settings here
from logshuttle_site.logs import LEVELS, logging_config
from logshuttle_site.rest_rules import *  # noqa: F403
from logshuttle_site.sqlite_file import refuse_no_file
from logshuttle_site.theme import unfold

VERSION = "0.1.0"

BASE_DIR = Path(__file__).resolve().parent.parent
_command = command_of(sys.argv)
_offline = _command in OFFLINE
env = Env(os.environ)

# What the product does.

LAPTOP_MODE = env.flag("DEBUG")
"""Loopback drains are allowed, nobody else on the network is served, and a banner says so."""
DEBUG = False
"""Django's own, whatever the variable says: its pages of errors show settings and variables."""
ENVIRONMENT = env.text("ENVIRONMENT") or ("laptop mode" if LAPTOP_MODE else "")
"""What the admin's bar says: which of several installations it is."""
ADMIN_THEME = env.flag("ADMIN_THEME", default=True)
"""False: the admin stands in Django's own frame, under the strictest policy."""

AUTH_KEY, *AUTH_KEY_FALLBACKS = auth_keys_of(env)
TEST_MODE = test_mode_of(env)
KAFKA_GROUP = kafka_group_of(env, "logshuttletest" if TEST_MODE else "logshuttle")
"""The workers' consumer group."""
KAFKA_HOSTS = kafka_hosts_of(env)
KAFKA_CONF = kafka_conf_of(env, KAFKA_HOSTS, KAFKA_GROUP, probe=not _offline)
"""librdkafka's settings for every client."""

LISTEN_HOST = "localhost" if LAPTOP_MODE else None
"""What processes listen on, unless told otherwise: 127.0.0.1 and ::1, or (None) all addresses."""
PORT = env.integer("PORT", 5000, 1, 65535)
HTTP_IDLE_SECONDS = env.seconds("HTTP_IDLE_SECONDS", 75.0, 86_400)
ALS_PORT = env.integer("ALS_PORT", 9001, 1, 65535)
ALS_METRICS_PORT = env.integer("ALS_METRICS_PORT", 0, 0, 65535)
ALS_STREAMS_PER_PEER = env.integer("ALS_STREAMS_PER_PEER", 100, 1, 100_000)
ALS_TLS = als_tls_of(env)
RUN_ISTIO_ALS = env.flag("RUN_ISTIO_ALS")
RUN_ISTIO_ALS_DEBUG = env.flag("RUN_ISTIO_ALS_DEBUG")
METRICS_PORT = env.integer("METRICS_PORT", 9102, 1, 65535)
refuse_equal_ports(
    env,
    {"ALS_PORT": ALS_PORT, "ALS_METRICS_PORT": ALS_METRICS_PORT}
    | ({"METRICS_PORT": METRICS_PORT} if RUN_ISTIO_ALS else {}),
)
MAX_SYSLOG_CONNECTIONS = max(env.integer("MAX_SYSLOG_CONNECTIONS", 40, 0, 1024), 1)
METRICS_MAX_DRAINS = env.integer("METRICS_MAX_DRAINS", 100, 0, 100_000)
MAX_DRAINS_PER_APP = env.integer("MAX_DRAINS_PER_APP", 20, 1, 100_000)
SHUTDOWN_GRACE_SECONDS = env.seconds("SHUTDOWN_GRACE_SECONDS", 10.0, 3600)

_run_session, _use_session = env.maybe_flag("RUN_SESSION"), env.maybe_flag("USE_SESSION")
if None not in (_run_session, _use_session) and _run_session != _use_session:
    env.fault("RUN_SESSION", "says another thing than USE_SESSION, its other name")
RUN_SESSION = _use_session if _run_session is None else _run_session
"""True: `runweb` serves only log sessions; False: everything but them; None: everything."""
SESSION_URL = web_base_of(env, "SESSION_URL")
SESSION_IDLE_SECONDS = env.seconds("SESSION_IDLE_SECONDS", 60.0, 86_400)
SESSION_PAST_MIB = env.integer("SESSION_PAST_MIB", 128, 1, 1_000_000)
SESSION_PAST_SECONDS = env.seconds("SESSION_PAST_SECONDS", 20.0, 3600)
DEBUG_SESSION = env.flag("DEBUG_SESSION")
MAX_VIEWERS = env.integer("MAX_VIEWERS", 20, 1, 100_000)
"""Of one session, in one process."""
MAX_SESSIONS_PER_APP = env.integer("MAX_SESSIONS_PER_APP", 200, 1, 100_000)
MAX_SESSIONS = env.integer("MAX_SESSIONS", 5_000, 1, 1_000_000)
RATE_LIMIT_UNKNOWN, RATE_LIMIT_KEY, RATE_LIMIT_SESSIONS = rate_limits_of(env)

# Django's own.

if not _offline:
    env.required("AUTH_KEY", AUTH_KEY, "the key that REST clients send as Authorization")
    env.required("KAFKA_HOSTS", "".join(KAFKA_HOSTS), "host[:port], more of them behind commas")
_secret_keys = secret_keys_of(env, is_laptop=LAPTOP_MODE, is_offline=_offline)
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secret_keys or [secrets.token_urlsafe(48)]
FIELD_ENCRYPTION_KEYS, FORMER_ENCRYPTION_KEY = encryption_keys_of(env, _secret_keys)
ENCRYPTION_KEYS_DERIVED = bool(FORMER_ENCRYPTION_KEY)

ALLOWED_HOSTS = allowed_hosts_of(env) or (
    [".localhost", "127.0.0.1", "[::1]"] if LAPTOP_MODE else ["*"]
)
CSRF_TRUSTED_ORIGINS = origins_of(env, "CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT")
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 3600 * SECURE_SSL_REDIRECT, 0, 10**9)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = env.flag("SECURE_HSTS_PRELOAD")
TRUSTED_PROXIES = trusted_proxies_of(env)
"""Front doors, as CIDRs: peers.py."""

_database, DATABASE_BY_DEFAULT = database_of(
    env,
    may_be_memory=LAPTOP_MODE or _offline,
    is_used=_command not in WITHOUT_DATABASE,
    serves=_command in SERVERS,
)
refuse_no_file(env, _database, _command)
DATABASES = {"default": _database}
DATABASE_CONNECTIONS = env.integer("DATABASE_CONNECTIONS", 10, 4, 1000)
"""Of this process, at a time."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = redis_url_of(env, is_used=_command not in WITHOUT_CACHE)
CACHES: dict[str, dict[str, Any]] = {"default": cache_for(REDIS_URL)}

# Where drains may send to: drains/selectors.py makes the policy of these and of our ports.
DRAIN_ALLOWED_CIDRS = env.networks("DRAIN_ALLOWED_CIDRS")
DRAIN_DENIED_CIDRS = env.networks("DRAIN_DENIED_CIDRS")
DRAIN_ALLOWED_PORTS = env.ports("DRAIN_ALLOWED_PORTS")
SERVICES = services_of(KAFKA_CONF, REDIS_URL, DATABASES["default"])
"""Host and port of Kafka, Redis and the database: never a drain."""

DRAIN_EVENTS = env.flag("DRAIN_EVENTS")
"""That a drain fails, or has recovered, is an event of its app."""

AUDIT_TOPIC = audit_topic_of(env)
AUDIT_DAYS = env.integer("AUDIT_DAYS", 400, 0, 36_500)

# By which operators' notifications go out as e-mail; webhooks need nothing.
(EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, *_mail) = mail_of(env)
EMAIL_USE_TLS, EMAIL_USE_SSL, DEFAULT_FROM_EMAIL = _mail
EMAIL_TIMEOUT = 10

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", LEVELS, {"warn": "WARNING", "fatal": "CRITICAL"})
LOG_FORMAT = env.choice("LOG_FORMAT", "console", ("console", "json"))
NO_COLOR = bool(env.text("NO_COLOR"))
"""`tail` shows no colours, as no-color.org asks for."""
LOGGING = logging_config(LOG_LEVEL, LOG_FORMAT, debug_sessions=DEBUG_SESSION)

INSTALLED_APPS = [
    "logshuttle_site",  # its templates win
    *(["unfold.apps.BasicAppConfig"] if ADMIN_THEME else []),
    "logshuttle_site.theme.apps.OperatorSiteConfig",  # urls.py fills it: a worker needs none
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "logshuttle_site.audit",  # before axes: it hears of a failed log-in first
    "axes",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "logshuttle_site.access",
    "logshuttle_site.notifications",
    "events",
    "drains",
    "shuttle",
    "sessions_app",
]
MIDDLEWARE = [
    "logshuttle_site.answers.counting.Counted",
    "logshuttle_site.middleware.RequestId",
    "logshuttle_site.content_policy.ContentPolicy",
    "logshuttle_site.middleware.TrailingSlash",
    "logshuttle_site.middleware.Probes",
    "logshuttle_site.middleware.KnownMethods",
    "logshuttle_site.middleware.AnyHost",
    "logshuttle_site.middleware.BodyLength",
    "logshuttle_site.middleware.DatabaseConflicts",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "logshuttle_site.audit.acting_user.ActingUser",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
UNFOLD = unfold.UNFOLD
ROOT_URLCONF = "logshuttle_site.urls"
ASGI_APPLICATION = "logshuttle_site.asgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

STATIC_URL = "/static/"
# Served from the packages themselves: no command has to gather them first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = LAPTOP_MODE

SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT or SECURE_HSTS_SECONDS > 0

env.seal()
SETTINGS_NOTES = env.notes
"""What each start says of them (apps.py)."""
