"""Every setting: a good value, a bad one, none. `run_settings` reads them as a start does."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from redis import ConnectionPool

from events.derived_keys import derived_key
from events.trust import NOT_ASKED
from logshuttle_site.env import Env, SettingsError
from logshuttle_site.env_hosts import fault_of_host
from logshuttle_site.env_kafka import kafka_hosts_of
from logshuttle_site.env_redis import redis_url_of
from logshuttle_site.env_secrets import encryption_keys_of
from logshuttle_site.env_values import database_of
from logshuttle_site.shared_cache.backend import connection_options
from tests.support.processes import ROOT, manage, run_process

SECRET = "s3cr3t-of-nobody"
GOOD_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
REQUIRED = {
    "AUTH_KEY": "key",
    "KAFKA_HOSTS": "kafka",
    "SECRET_KEY": "long and random as it should be: ok",
}

Settings = Callable[..., dict[str, Any]]


@pytest.fixture
def run_settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a start with this environment and nothing else."""

    def run(environ: dict[str, str], *argv: str) -> dict[str, Any]:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["manage.py", *(argv or ("runweb",))])
        spec = spec_from_file_location("settings_of_a_test", ROOT / "logshuttle_site/settings.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return vars(module)

    return run


@pytest.mark.parametrize(
    ("setting", "default"),
    [
        ("DEBUG", False),
        ("SECURE_HSTS_SECONDS", 0),
        ("SECURE_HSTS_INCLUDE_SUBDOMAINS", False),
        ("SECURE_HSTS_PRELOAD", False),
        ("LAPTOP_MODE", False),
        ("LISTEN_HOST", None),
        ("SECRET_KEY_FALLBACKS", []),
        ("AUTH_KEY_FALLBACKS", []),
        ("TEST_MODE", False),
        ("KAFKA_GROUP", "logshuttle"),
        ("RUN_SESSION", None),
        ("SESSION_URL", ""),
        ("SESSION_IDLE_SECONDS", 60.0),
        ("HTTP_IDLE_SECONDS", 75.0),
        ("DEBUG_SESSION", False),
        ("ADMIN_THEME", True),
        ("ENVIRONMENT", ""),
        ("MAX_SESSIONS_PER_APP", 200),
        ("MAX_SESSIONS", 5_000),
        ("RATE_LIMIT_UNKNOWN", 60),
        ("RATE_LIMIT_KEY", 600),
        ("RATE_LIMIT_SESSIONS", 30),
        ("PORT", 5000),
        ("ALS_PORT", 9001),
        ("METRICS_PORT", 9102),
        ("MAX_SYSLOG_CONNECTIONS", 40),
        ("MAX_DRAINS_PER_APP", 20),
        ("SHUTDOWN_GRACE_SECONDS", 10.0),
        ("ALLOWED_HOSTS", ["*"]),
        ("CSRF_TRUSTED_ORIGINS", []),
        ("TRUSTED_PROXIES", []),
        ("SECURE_SSL_REDIRECT", False),
        ("REDIS_URL", ""),
        ("LOG_LEVEL", "INFO"),
        ("LOG_FORMAT", "console"),
        ("NO_COLOR", False),
        ("KAFKA_CONF", {"bootstrap.servers": "kafka:9092"}),
        ("ENCRYPTION_KEYS_DERIVED", True),
        ("DRAIN_ALLOWED_CIDRS", []),
        ("DRAIN_DENIED_CIDRS", []),
        ("DRAIN_ALLOWED_PORTS", []),
        ("SERVICES", [("kafka", 9092)]),
        ("DRAIN_EVENTS", False),
        ("AUDIT_TOPIC", ""),
        ("AUDIT_DAYS", 400),
        ("EMAIL_HOST", ""),
        ("EMAIL_PORT", 25),
        ("EMAIL_USE_TLS", False),
        ("EMAIL_HOST_PASSWORD", ""),
        ("DEFAULT_FROM_EMAIL", "logshuttle@localhost"),
    ],
)
def test_what_is_not_set_has_its_default(
    setting: str, default: object, run_settings: Settings
) -> None:
    assert run_settings(REQUIRED)[setting] == default


@pytest.mark.parametrize(
    ("environ", "setting", "value"),
    [
        ({"AUTH_KEY": " key \n"}, "AUTH_KEY", "key"),
        ({"KAFKA_HOSTS": "a, b:9093,,"}, "KAFKA_HOSTS", ["a:9092", "b:9093"]),
        ({"SECRET_KEY": "m" * 32}, "SECRET_KEY", "m" * 32),
        ({"AUTH_KEY_FALLBACKS": "old, older,"}, "AUTH_KEY_FALLBACKS", ["old", "older"]),
        ({"SECRET_KEY_FALLBACKS": "short, b,"}, "SECRET_KEY_FALLBACKS", ["short", "b"]),
        ({"FIELD_ENCRYPTION_KEYS": GOOD_KEY}, "FIELD_ENCRYPTION_KEYS", [GOOD_KEY]),
        ({"FIELD_ENCRYPTION_KEYS": GOOD_KEY}, "ENCRYPTION_KEYS_DERIVED", False),
        ({"DEBUG": "yes"}, "LAPTOP_MODE", True),
        ({"DEBUG": "yes"}, "LISTEN_HOST", "localhost"),
        ({"DEBUG": "yes"}, "ALLOWED_HOSTS", [".localhost", "127.0.0.1", "[::1]"]),
        ({"DEBUG": "yes", "ALLOWED_HOSTS": "laptop"}, "ALLOWED_HOSTS", ["laptop"]),
        ({"DEBUG": "yes", "SECRET_KEY": "short"}, "SECRET_KEY", "short"),
        ({"DEBUG": "yes"}, "DEBUG", False),
        ({"DEBUG": " OFF "}, "LAPTOP_MODE", False),
        ({"SECURE_SSL_REDIRECT": "1"}, "SECURE_HSTS_SECONDS", 3600),
        ({"SECURE_SSL_REDIRECT": "1"}, "SESSION_COOKIE_SECURE", True),
        ({"SECURE_SSL_REDIRECT": "1", "SECURE_HSTS_SECONDS": "0"}, "CSRF_COOKIE_SECURE", True),
        ({"SECURE_HSTS_SECONDS": "31536000"}, "CSRF_COOKIE_SECURE", True),
        ({"SECURE_HSTS_INCLUDE_SUBDOMAINS": "1"}, "SECURE_HSTS_INCLUDE_SUBDOMAINS", True),
        ({"SECURE_HSTS_PRELOAD": "1"}, "SECURE_HSTS_PRELOAD", True),
        ({"PORT": "80"}, "PORT", 80),
        ({"PORT": ""}, "PORT", 5000),
        ({"ALS_PORT": "65535"}, "ALS_PORT", 65535),
        ({"METRICS_PORT": "1"}, "METRICS_PORT", 1),
        ({"MAX_SYSLOG_CONNECTIONS": "0"}, "MAX_SYSLOG_CONNECTIONS", 1),
        ({"MAX_SYSLOG_CONNECTIONS": "1024"}, "MAX_SYSLOG_CONNECTIONS", 1024),
        ({"MAX_DRAINS_PER_APP": "3"}, "MAX_DRAINS_PER_APP", 3),
        ({"SHUTDOWN_GRACE_SECONDS": "0.5"}, "SHUTDOWN_GRACE_SECONDS", 0.5),
        ({"TEST_MODE": "false"}, "TEST_MODE", True),  # any value
        ({"TEST_MODE": "1"}, "KAFKA_GROUP", "logshuttletest"),
        ({"TEST_MODE": "1", "KAFKA_GROUP": "logs:a/b"}, "KAFKA_GROUP", "logs:a/b"),
        ({"KAFKA_GROUP": "g" * 255}, "KAFKA_GROUP", "g" * 255),
        ({"RUN_SESSION": "true"}, "RUN_SESSION", True),
        ({"USE_SESSION": "0"}, "RUN_SESSION", False),
        ({"RUN_SESSION": "1", "USE_SESSION": "on"}, "RUN_SESSION", True),
        ({"SESSION_URL": "https://logs.example/a"}, "SESSION_URL", "https://logs.example/a"),
        ({"SESSION_IDLE_SECONDS": "0.5"}, "SESSION_IDLE_SECONDS", 0.5),
        ({"DEBUG_SESSION": "1"}, "DEBUG_SESSION", True),
        ({"ADMIN_THEME": "0"}, "ADMIN_THEME", False),
        ({"ENVIRONMENT": "staging"}, "ENVIRONMENT", "staging"),
        ({"MAX_SESSIONS_PER_APP": "3"}, "MAX_SESSIONS_PER_APP", 3),
        ({"MAX_SESSIONS": "4"}, "MAX_SESSIONS", 4),
        ({"RATE_LIMIT_UNKNOWN": "5"}, "RATE_LIMIT_UNKNOWN", 5),
        ({"RATE_LIMIT_KEY": "0"}, "RATE_LIMIT_KEY", 0),
        ({"RATE_LIMIT_SESSIONS": "3", "RATE_LIMITS": "on"}, "RATE_LIMIT_SESSIONS", 3),
        ({"RATE_LIMITS": "off", "RATE_LIMIT_KEY": "5"}, "RATE_LIMIT_KEY", 0),
        ({"RUN_ISTIO_ALS": "true"}, "RUN_ISTIO_ALS", True),
        ({"RUN_ISTIO_ALS_DEBUG": "0"}, "RUN_ISTIO_ALS_DEBUG", False),
        ({"ALLOWED_HOSTS": "a.example, b.example"}, "ALLOWED_HOSTS", ["a.example", "b.example"]),
        ({"CSRF_TRUSTED_ORIGINS": "https://a"}, "CSRF_TRUSTED_ORIGINS", ["https://a"]),
        ({"SECURE_SSL_REDIRECT": "true"}, "SESSION_COOKIE_SECURE", True),
        ({"REDIS_URL": "redis://cache:6379"}, "REDIS_URL", "redis://cache:6379"),
        (
            {"TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8, 192.0.2.1"},
            "TRUSTED_PROXIES",
            ["10.0.0.0/8", "fd00::/8", "192.0.2.1"],
        ),
        (
            {"DRAIN_ALLOWED_CIDRS": "10.0.0.0/8, fd00::/8, 192.0.2.1"},
            "DRAIN_ALLOWED_CIDRS",
            ["10.0.0.0/8", "fd00::/8", "192.0.2.1"],
        ),
        ({"DRAIN_DENIED_CIDRS": "0.0.0.0/0"}, "DRAIN_DENIED_CIDRS", ["0.0.0.0/0"]),
        ({"DRAIN_ALLOWED_PORTS": "25, 6514"}, "DRAIN_ALLOWED_PORTS", [25, 6514]),
        ({"DRAIN_EVENTS": "1"}, "DRAIN_EVENTS", True),
        ({"AUDIT_TOPIC": "ops.audit"}, "AUDIT_TOPIC", "ops.audit"),
        ({"AUDIT_DAYS": "0"}, "AUDIT_DAYS", 0),
        ({"EMAIL_HOST": "mail.example"}, "EMAIL_HOST", "mail.example"),
        ({"EMAIL_PORT": "587"}, "EMAIL_PORT", 587),
        ({"EMAIL_USE_TLS": "yes"}, "EMAIL_USE_TLS", True),
        ({"EMAIL_HOST_USER": "me", "EMAIL_HOST_PASSWORD": SECRET}, "EMAIL_HOST_USER", "me"),
        ({"EMAIL_HOST_USER": "me", "EMAIL_HOST_PASSWORD": SECRET}, "EMAIL_HOST_PASSWORD", SECRET),
        ({"EMAIL_PORT": "465", "EMAIL_USE_TLS": "yes"}, "EMAIL_USE_SSL", True),
        ({"EMAIL_PORT": "465", "EMAIL_USE_TLS": "yes"}, "EMAIL_USE_TLS", False),
        ({"DEFAULT_FROM_EMAIL": "a@b.example"}, "DEFAULT_FROM_EMAIL", "a@b.example"),
        ({"LOG_LEVEL": "DEBUG"}, "LOG_LEVEL", "DEBUG"),
        ({"LOG_FORMAT": "json"}, "LOG_FORMAT", "json"),
        ({"NO_COLOR": "0"}, "NO_COLOR", True),
        (
            {"KAFKA_CONF_SASL_USERNAME": "me", "KAFKA_CONF_bootstrap_servers": "other:1"},
            "KAFKA_CONF",
            {"sasl.username": "me", "bootstrap.servers": "kafka:9092"},
        ),
    ],
)
def test_a_good_value_is_taken(
    environ: dict[str, str], setting: str, value: object, run_settings: Settings
) -> None:
    assert run_settings({**REQUIRED, **environ})[setting] == value


@pytest.mark.parametrize(
    ("environ", "services"),
    [
        ({"KAFKA_HOSTS": "Kafka, [fd00::1]:1"}, [("fd00::1", 1), ("kafka", 9092)]),
        ({"KAFKA_CONF_bootstrap_servers": "SSL://a:1, b"}, [("kafka", 9092)]),
        ({"KAFKA_CONF_metadata_broker_list": "a:1"}, [("kafka", 9092)]),
        ({"REDIS_URL": "rediss://:pw@cache"}, [("cache", 6379), ("kafka", 9092)]),
        ({"REDIS_URL": "redis://cache:1/0"}, [("cache", 1), ("kafka", 9092)]),
        ({"REDIS_URL": "unix:///run/redis"}, [("kafka", 9092)]),
        ({"DATABASE_URL": "postgres://me:pw@DB/x"}, [("db", 5432), ("kafka", 9092)]),
        ({"DATABASE_URL": "postgres://me@db:1/x"}, [("db", 1), ("kafka", 9092)]),
        ({"DATABASE_URL": "postgres:///x"}, [("kafka", 9092), ("localhost", 5432)]),
        ({"DATABASE_URL": "postgres://%2Frun/x"}, [("kafka", 9092), ("localhost", 5432)]),
        ({"DATABASE_URL": "postgres:///x?host=a,b"}, [("a", 5432), ("b", 5432), ("kafka", 9092)]),
        (
            {"DATABASE_URL": "postgres://db/x?hostaddr=10.0.0.1"},
            [("10.0.0.1", 5432), ("db", 5432), ("kafka", 9092)],
        ),
        ({"DATABASE_URL": "sqlite:///x"}, [("kafka", 9092)]),
    ],
)
def test_the_servers_that_we_use_are_known_to_the_egress_guard(
    environ: dict[str, str], services: list[tuple[str, int]], run_settings: Settings
) -> None:
    assert run_settings({**REQUIRED, **environ})["SERVICES"] == services


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("KAFKA_HOSTS", "kafka:x", "host or host:port"),
        ("KAFKA_HOSTS", "kafka:0", "host or host:port"),
        ("KAFKA_HOSTS", "kafka:65536", "host or host:port"),
        ("KAFKA_HOSTS", "tcp://kafka", "host or host:port"),
        ("DATABASE_URL", "mysql://me@db/x", "must look like postgres://"),
        ("DATABASE_URL", "db", "must look like postgres://"),
        ("DATABASE_URL", "postgres://me@db:port/x", "must look like postgres://"),
        ("POSTGRES_URL", "nonsense://x", "must look like postgres://"),
        ("REDIS_URL", "http://cache", "must look like redis://"),
        ("FIELD_ENCRYPTION_KEYS", f"{GOOD_KEY},short", "key 2 is not 32 bytes"),
        ("FIELD_ENCRYPTION_KEYS", "schlüssel", "key 1 is not 32 bytes"),
        ("CSRF_TRUSTED_ORIGINS", "a.example", "does not look like https://host"),
        ("SECURE_SSL_REDIRECT", "maybe", "true or false"),
        ("DEBUG", "2", "true or false"),
        ("RUN_SESSION", "x", "true or false"),
        ("USE_SESSION", "x", "true or false"),
        ("RUN_ISTIO_ALS", "x", "true or false"),
        ("RUN_ISTIO_ALS_DEBUG", "x", "true or false"),
        ("DEBUG_SESSION", "x", "true or false"),
        ("ADMIN_THEME", "x", "true or false"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("PORT", "http", "from 1 to 65535"),
        ("PORT", "5\u0660", "from 1 to 65535"),  # a digit, but not ours
        ("ALS_PORT", "-1", "from 1 to 65535"),
        ("METRICS_PORT", "9102.0", "from 1 to 65535"),
        ("MAX_SYSLOG_CONNECTIONS", "1025", "from 0 to 1024"),
        ("MAX_SYSLOG_CONNECTIONS", "-1", "from 0 to 1024"),
        ("MAX_DRAINS_PER_APP", "0", "from 1 to"),
        ("MAX_SESSIONS_PER_APP", "0", "from 1 to"),
        ("MAX_SESSIONS", "x", "from 1 to"),
        ("RATE_LIMIT_UNKNOWN", "-1", "from 0 to"),
        ("RATE_LIMIT_KEY", "many", "from 0 to"),
        ("RATE_LIMITS", "60", "must be true or false"),
        ("SESSION_IDLE_SECONDS", "nan", "number of seconds"),
        ("SESSION_IDLE_SECONDS", "soon", "number of seconds"),
        ("SHUTDOWN_GRACE_SECONDS", "-1", "number of seconds"),
        ("SHUTDOWN_GRACE_SECONDS", "inf", "number of seconds"),
        ("SESSION_URL", "logs.example", "does not look like https://host"),
        ("SESSION_URL", "https://", "does not look like https://host"),
        ("CSRF_TRUSTED_ORIGINS", "https://a,http://", "does not look like https://host"),
        ("REDIS_URL", "redis://cache:99999", "must look like redis://"),
        ("REDIS_URL", "redis://", "must look like redis://"),
        ("POSTGRES_URL", "postgres://me@db:5432", "must look like postgres://"),
        ("KAFKA_CONF_no_such_property", "1", "no.such.property"),
        ("KAFKA_GROUP", "g" * 256, "1 to 255 characters"),
        ("KAFKA_GROUP", "log shuttle", "without blanks"),
        ("KAFKA_GROUP", "schütte", "ASCII"),
        ("KAFKA_GROUP", "*", "must be"),
        ("KAFKA_CONF_security_protocol", "x", "security.protocol"),
        ("KAFKA_CONF_SOCKET_TIMEOUT_MS", "10s", "must be a whole number, not '10s'"),
        ("DRAIN_EVENTS", "x", "true or false"),
        ("AUDIT_TOPIC", "Audit", "may have only a-z"),
        ("AUDIT_TOPIC", "alamobuildlogs", "lines of all apps are in the topic"),
        ("AUDIT_DAYS", "-1", "from 0 to 36500"),
        ("EMAIL_USE_TLS", "x", "true or false"),
        ("EMAIL_PORT", "0", "from 1 to 65535"),
        ("LOG_LEVEL", "LOUD", "must be one of DEBUG"),
        ("LOG_FORMAT", "xml", "must be one of console, json"),
        ("DRAIN_ALLOWED_CIDRS", "10.0.0.0/33", "not an address range"),
        ("TRUSTED_PROXIES", "front", "not an address range"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "not an address range"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::/0", "nobody a client"),
        ("DRAIN_DENIED_CIDRS", "10.0.0.1/8", "not an address range"),
        ("DRAIN_ALLOWED_PORTS", "514,0", "'0' is not a port"),
        ("DRAIN_ALLOWED_PORTS", "65536", "'65536' is not a port"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(
    name: str, value: str, why: str, run_settings: Settings
) -> None:
    shown = "KAFKA_CONF_" if name.startswith("KAFKA_CONF_") else name
    with pytest.raises(SettingsError, match=shown) as caught:
        run_settings({**REQUIRED, name: value})

    assert why in str(caught.value)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_required_setting_stops_the_start(
    name: str, value: str | None, run_settings: Settings
) -> None:
    environ = {**REQUIRED, name: value}

    with pytest.raises(SettingsError, match=rf"{name}: required") as caught:
        run_settings({key: text for key, text in environ.items() if text is not None})

    assert str(caught.value).count("required") == 1


def test_a_short_secret_key_is_refused_with_a_way_out(run_settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"32 characters .* SECRET_KEY_FALLBACKS") as caught:
        run_settings({**REQUIRED, "SECRET_KEY": "x" * 31})

    assert "xxx" not in str(caught.value)
    assert run_settings({"SECRET_KEY": "short"}, "migrate")["SECRET_KEY"] == "short"


def test_the_version_before_reads_what_is_written_after_a_forced_change(
    run_settings: Settings,
) -> None:
    changed = {"SECRET_KEY": "n" * 32, "SECRET_KEY_FALLBACKS": "short"}

    assert run_settings({**REQUIRED, **changed})["FORMER_ENCRYPTION_KEY"] == former_key("short")


def test_a_short_secret_key_with_a_comma_has_another_way_out(run_settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"as FIELD_ENCRYPTION_KEYS, as a comma") as caught:
        run_settings({**REQUIRED, "SECRET_KEY": "sho,rt"})

    assert "move this one" not in str(caught.value)
    assert "sho" not in str(caught.value).replace("short", "")


def test_who_changes_the_secret_key_can_still_read_all(run_settings: Settings) -> None:
    before = run_settings(REQUIRED)
    changed = {"SECRET_KEY": "n" * 32, "SECRET_KEY_FALLBACKS": REQUIRED["SECRET_KEY"]}

    after = run_settings({**REQUIRED, **changed})

    assert set(before["FIELD_ENCRYPTION_KEYS"]) < set(after["FIELD_ENCRYPTION_KEYS"])
    assert after["FIELD_ENCRYPTION_KEYS"][0] not in before["FIELD_ENCRYPTION_KEYS"]


def test_a_command_without_a_key_has_none_to_encrypt_with(run_settings: Settings) -> None:
    settings = run_settings({}, "migrate")

    assert settings["FIELD_ENCRYPTION_KEYS"] == []
    assert settings["SECRET_KEY"] != run_settings({}, "migrate")["SECRET_KEY"]


def test_a_laptop_needs_no_secret_key(run_settings: Settings) -> None:
    environ = {"AUTH_KEY": "key", "KAFKA_HOSTS": "kafka", "DEBUG": "1"}

    first, second = run_settings(environ), run_settings(environ)

    assert first["FIELD_ENCRYPTION_KEYS"] == second["FIELD_ENCRYPTION_KEYS"]


@pytest.mark.parametrize("command", ["migrate", "check", "help", "showmigrations"])
def test_an_offline_command_needs_nothing(command: str, run_settings: Settings) -> None:
    assert run_settings({}, command)["AUTH_KEY"] == ""


def test_help_needs_nothing(run_settings: Settings) -> None:
    assert run_settings({}, "runweb", "--help")["AUTH_KEY"] == ""


def test_an_offline_command_still_refuses_a_bad_value(run_settings: Settings) -> None:
    with pytest.raises(SettingsError, match="PORT"):
        run_settings({"PORT": "x"}, "migrate")


def test_two_names_of_one_setting_must_agree(run_settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"RUN_SESSION: .*USE_SESSION"):
        run_settings({**REQUIRED, "RUN_SESSION": "true", "USE_SESSION": "false"})


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"ALS_METRICS_PORT": "9001"}, "ALS_METRICS_PORT"),
        ({"METRICS_PORT": "9001", "RUN_ISTIO_ALS": "1"}, "METRICS_PORT"),
    ],
)
def test_settings_that_cannot_be_together_are_refused(
    environ: dict[str, str], name: str, run_settings: Settings
) -> None:
    with pytest.raises(SettingsError, match=rf"\n  {name}: "):
        run_settings({**REQUIRED, **environ})


def test_processes_on_machines_of_their_own_may_have_one_port(run_settings: Settings) -> None:
    settings = run_settings({**REQUIRED, "PORT": "8080", "METRICS_PORT": "8080"})

    assert settings["PORT"] == settings["METRICS_PORT"] == 8080


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("kafka.1", True), ("logs.task.2", True), ("10.0.0.256", False), ("1.2.3.4.5", False)],
)
def test_names_whose_last_part_is_a_number(host: str, is_one: bool) -> None:
    """As orchestrators give them to tasks."""
    assert (fault_of_host(host) == "") is is_one


def test_a_senders_host_may_have_any_letters(run_settings: Settings) -> None:
    """Django writes it in ASCII."""
    sender = "logs@bücher.example"

    assert run_settings({**REQUIRED, "DEFAULT_FROM_EMAIL": sender})["DEFAULT_FROM_EMAIL"] == sender


@pytest.mark.parametrize("name", ["EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"])
def test_a_user_without_a_password_is_said_to_log_in_nobody(
    name: str, run_settings: Settings
) -> None:
    (note,) = run_settings({**REQUIRED, name: SECRET})["SETTINGS_NOTES"]

    assert note.startswith(f"{name}: logs in nobody")
    assert SECRET not in note


def test_a_secret_in_the_place_of_its_files_path_is_not_repeated(run_settings: Settings) -> None:
    with pytest.raises(SettingsError) as caught:
        run_settings({**REQUIRED, "AUTH_KEY": "", "AUTH_KEY_FILE": SECRET})

    assert "AUTH_KEY_FILE: what stands there cannot be read" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["AUTH_KEY_FALLBACKS", "SECRET_KEY_FALLBACKS"])
def test_former_keys_may_be_gone_from_their_file(
    name: str, tmp_path: Path, run_settings: Settings
) -> None:
    (tmp_path / "keys").write_text("\n")

    assert run_settings({**REQUIRED, f"{name}_FILE": f"{tmp_path}/keys"})[name] == []


def test_files_are_looked_for_where_they_are_used(tmp_path: Path) -> None:
    """One set of settings for all processes, and an authority mounted at some."""
    cache = {"REDIS_URL": f"rediss://h?ssl_ca_certs={tmp_path}/none"}
    proof = f"sslmode=verify-full&sslrootcert={tmp_path}/none"
    database = {"DATABASE_URL": f"postgres://u@h/db?{proof}"}
    for is_used in (True, False):
        env = Env({**cache, **database})
        redis_url_of(env, is_used=is_used)
        database_of(env, is_used=is_used)
        assert len(env.faults) == 2 * is_used, env.faults


def test_a_path_that_we_may_not_look_into_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.stat", hidden)
    env = Env({"DATABASE_URL": "sqlite:////root/nothing/db"})
    database_of(env)

    assert env.faults == ["DATABASE_URL: the folder /root/nothing is not there"]


def test_a_file_for_what_is_no_secret_is_said_not_to_count(run_settings: Settings) -> None:
    settings = run_settings({**REQUIRED, "PORT_FILE": "/run/port"})

    assert settings["PORT"] == 5000
    assert settings["SETTINGS_NOTES"] == [
        "PORT_FILE: does not count: only secrets are read from files"
    ]


@pytest.mark.parametrize(
    ("environ", "notes"),
    [
        ({"LOGLEVEL": "DEBUG"}, ["LOGLEVEL: is no setting; LOG_LEVEL is"]),
        ({"ALLOWED_HOST": "a"}, ["ALLOWED_HOST: is no setting; ALLOWED_HOSTS is"]),
        ({"session_url": "https://a"}, ["session_url: is no setting; SESSION_URL is"]),
        ({"LOGLEVEL": "DEBUG", "LOG_LEVEL": "INFO"}, []),
        ({"KAFKA_HOST": "a"}, []),  # as KAFKA_HOSTS is set
        ({"PATH": "/bin", "HOME": "/", "HOSTNAME": "h", "LOG": "x"}, []),
    ],
)
def test_a_name_that_is_nearly_ours_is_said(
    environ: dict[str, str], notes: list[str], run_settings: Settings
) -> None:
    assert run_settings({**REQUIRED, **environ})["SETTINGS_NOTES"] == notes


def test_one_message_lists_all_faults(run_settings: Settings) -> None:
    bad = {"PORT": "x", "DEBUG": "x", "LOG_FORMAT": "x", "KAFKA_HOSTS": ":", "REDIS_URL": "x"}

    with pytest.raises(SettingsError) as caught:
        run_settings(bad)

    named = [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert sorted(named) == sorted([*bad, "AUTH_KEY", "SECRET_KEY"])


@pytest.mark.parametrize(
    "name",
    ["AUTH_KEY", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "REDIS_URL", "DATABASE_URL"],
)
def test_a_secret_may_come_from_a_file(name: str, tmp_path: Path, run_settings: Settings) -> None:
    values = {"REDIS_URL": "redis://x", "FIELD_ENCRYPTION_KEYS": GOOD_KEY}
    path = tmp_path / "secret"
    path.write_text(f"{values.get(name, 'sqlite:///a-file-with-a-long-name')}\n")
    environ = {key: text for key, text in REQUIRED.items() if key != name}

    settings = run_settings({**environ, f"{name}_FILE": str(path)})

    plain = run_settings({**environ, name: path.read_text().strip()})
    shown = "DATABASES" if name == "DATABASE_URL" else name
    assert settings[shown] == plain[shown]


def test_a_kafka_password_may_come_from_a_file(tmp_path: Path, run_settings: Settings) -> None:
    (tmp_path / "secret").write_text(SECRET)

    settings = run_settings({**REQUIRED, "KAFKA_CONF_sasl_password_FILE": f"{tmp_path}/secret"})

    assert settings["KAFKA_CONF"]["sasl.password"] == SECRET


def test_a_name_wins_over_its_file(tmp_path: Path) -> None:
    env = Env({"AUTH_KEY": "mine", "AUTH_KEY_FILE": str(tmp_path / "nothing")})

    assert env.secret("AUTH_KEY") == "mine"
    assert env.faults == []


@pytest.mark.parametrize(
    "content", [None, b"\xff\xfe\x80"], ids=["there is no such file", "not text"]
)
def test_an_unreadable_file_is_the_only_fault_that_is_told(
    content: bytes | None, tmp_path: Path, run_settings: Settings
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    environ = {**REQUIRED, "AUTH_KEY": "", "AUTH_KEY_FILE": str(path)}

    with pytest.raises(SettingsError) as caught:
        run_settings(environ)

    assert f"AUTH_KEY_FILE: '{path}' cannot be read" in str(caught.value)
    assert "required" not in str(caught.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"AUTH_KEY": SECRET},
        {"SECRET_KEY": SECRET},
        {"FIELD_ENCRYPTION_KEYS": SECRET},
        {"DATABASE_URL": f"postgres://me:{SECRET}@db:port/x"},
        {"DATABASE_URL": f"nonsense://me:{SECRET}@db/x"},
        {"POSTGRES_URL": f"postgres://me:{SECRET}@[db/x"},
        {"REDIS_URL": f"http://me:{SECRET}@cache"},
        {"KAFKA_CONF_sasl_password": SECRET},
    ],
)
def test_no_message_repeats_a_secret(environ: dict[str, str], run_settings: Settings) -> None:
    with pytest.raises(SettingsError) as caught:
        run_settings({**REQUIRED, "PORT": "x", **environ})

    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)


def test_the_database_is_a_file_here_unless_told() -> None:
    database, by_default = database_of(Env({}))

    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == "logshuttle.sqlite3"
    assert by_default
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_database_url_wins_over_postgres_url() -> None:
    urls = {"DATABASE_URL": "postgres://me@one/x", "POSTGRES_URL": "postgres://me@two/x"}

    assert database_of(Env(urls))[0]["HOST"] == "one"
    database, by_default = database_of(Env({"POSTGRES_URL": "postgres://me@two/x"}))
    assert database["HOST"] == "two"
    assert not by_default


def test_options_of_a_database_url_win_over_ours() -> None:
    database, _ = database_of(Env({"DATABASE_URL": "postgres://me@db/x?connect_timeout=60"}))

    assert database["OPTIONS"]["connect_timeout"] == 60


@pytest.mark.parametrize("serves", [False, True])
def test_pgoptions_stand_before_the_options_of_a_url(serves: bool) -> None:
    for query, asked in (("", "-c a.b=1"), ("?options=-c%20c.d%3D2", "-c a.b=1 -c c.d=2")):
        variables = {"DATABASE_URL": f"postgres://me@db/x{query}", "PGOPTIONS": "-c a.b=1"}
        database, _ = database_of(Env(variables), serves=serves)
        assert database["OPTIONS"]["options"] == asked
    database, _ = database_of(Env({"DATABASE_URL": "postgres://me@db/x"}), serves=serves)
    assert "options" not in database["OPTIONS"]


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ("", 12.0),
        ("-c lock_timeout=1min", 12.0),
        ("-c statement_timeout=5s", 12.0),
        ("-cSTATEMENT_TIMEOUT=20000 -c lock_timeout=0", 22.0),
        ("--statement-timeout=1min", 62.0),
        ("-c statement_timeout=1.5\\ min", 92.0),
        ("-c statement_timeout=0 -c statement_timeout=30s", 32.0),
        ("-c statement_timeout=30s -c statement_timeout=0", None),
        ("-c statement_timeout=0ms", None),
    ],
)
def test_silence_lasts_longer_than_a_question_may(options: str, seconds: float | None) -> None:
    given = {"DATABASE_URL": "postgres://me@db/x", "PGOPTIONS": options}
    database, _ = database_of(Env(given), serves=True)
    assert database["OPTIONS"].get("silent_seconds") == seconds


def test_kafka_hosts_may_be_ipv6() -> None:
    assert kafka_hosts_of(Env({"KAFKA_HOSTS": "[::1],[::1]:9"})) == ["[::1]:9092", "[::1]:9"]


def test_keys_are_made_of_each_secret_and_those_of_before_come_last() -> None:
    keys, former = encryption_keys_of(Env({}), ["one", "other"])

    assert [base64.urlsafe_b64decode(key) for key in keys[:2]] == [
        derived_key(secret, "field encryption") for secret in (b"one", b"other")
    ]
    assert keys[2:] == [former_key("one"), former_key("other")]
    assert former == former_key("other")
    assert encryption_keys_of(Env({}), ["one"]).former == former_key("one")


def former_key(secret: str) -> str:
    """As versions before 0023 of the tables made it."""
    digest = hashlib.sha256(b"logshuttle field encryption\0" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def test_a_process_with_bad_settings_ends_with_2_and_no_traceback(tmp_path: Path) -> None:
    environ = {"PORT": "x", "AUTH_KEY": SECRET, "FIELD_ENCRYPTION_KEYS": SECRET}

    with run_process(manage("runweb"), log=tmp_path / "log", env=environ) as process:
        assert process.wait() == 2
        said = process.output()
    for name in ("PORT", "KAFKA_HOSTS", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        assert f"  {name}: " in said
    assert "Traceback" not in said
    assert SECRET not in said


def test_redis_certificates_are_judged_as_all_others() -> None:
    secured, plain = (
        ConnectionPool.from_url(url, **connection_options(url))
        for url in ("rediss://cache", "redis://cache")
    )
    connection: Any = secured.make_connection()
    assert connection.ssl_exclude_verify_flags == list(NOT_ASKED)
    plain.make_connection()  # it would not know the option
