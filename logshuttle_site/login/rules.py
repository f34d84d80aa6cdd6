"""Settings of Django and django-axes for log-ins; settings.py takes them as they stand here."""

from __future__ import annotations

from datetime import timedelta

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # says no; who somebody is, the other one knows
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_REDIRECT_URL = "/admin/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["logshuttle_site.login.hasher.PatientHasher"]

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # the rest is login/guard.py's
AXES_CLIENT_IP_CALLABLE = "logshuttle_site.login.guard.address_counted"
AXES_WHITELIST_CALLABLE = "logshuttle_site.login.known.is_known"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # it ends when the page says it does
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # its middleware answers outside of a log-in's turn: login/guard.py does
    "axes.W006",  # it overlooks an address that counts together with a name
]
