"""A drain's options in the admin's form. What is secret is taken and never shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from drains.filters import SOURCES, STREAMS, LineFilter
from drains.models import Drain
from drains.option_values import DEFAULTS, TlsOptions
from drains.options.pem import described
from drains.options.rules import MAX_LAG_SECONDS_MAX

PLAIN = ("framing", "format", "connections", "on_lag", "max_lag_seconds")
FILTER = ("sources", "processes", "streams", "include", "exclude")
_SHOWN_AT = {"url": "new_url", "headers": "new_headers", "tls": "tls_ca"}


class SecretTextarea(forms.Textarea):
    """Comes back empty, as a password does."""

    def __init__(self, rows: int) -> None:
        off = {"autocomplete": "off", "spellcheck": "false"}
        super().__init__({"rows": rows, "cols": 66, "class": "code", **off})

    def format_value(self, value: Any) -> None:
        return None


def _pattern(label: str, help_text: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"size": 60, "class": "code", "spellcheck": "false"})
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, widget=widget
    )


def _one_of(choices: dict[str, str], **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=list(choices.items()), required=False, **options)


def _some_of(label: str, values: Iterable[str]) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    named = [(value, value) for value in values]
    return forms.MultipleChoiceField(label=label, choices=named, required=False, widget=widget)


def _pem(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=SecretTextarea(4))


def shown_at(field: str, why: str) -> tuple[str, str]:
    """Where a fault of the REST API's field is shown: `filter.include` at `filter_include`."""
    whole, _, member = field.partition(".")
    if whole in ("filter", "tls") and member:
        return f"{whole}_{member}", why
    return _SHOWN_AT.get(whole, whole), f"{member}: {why}" if member else why


class OptionFields(forms.Form):
    framing = _one_of(
        {"newline": "a line feed behind each record", "octet": "octet counting (RFC 6587)"},
        help_text="On TCP and TLS. HTTP always counts octets; over UDP a datagram is a record.",
    )
    format = _one_of({"rfc5424": "RFC 5424", "logplex": "RFC 5424 as Logplex fills it in"})
    connections = forms.IntegerField(
        required=False,
        initial=DEFAULTS.connections,
        help_text="Of each worker. One tag's lines keep to one connection, and so their order.",
    )
    on_lag = _one_of(
        {"replay": "replay what was missed", "skip": "go on with what is new"},
        label="After an outage",
        help_text="What is skipped is counted, and told in the drain's own stream.",
    )
    max_lag_seconds = forms.IntegerField(
        label="Replay at most",
        required=False,
        initial=DEFAULTS.max_lag_seconds,
        help_text=f"In seconds: 86400 is a day; {MAX_LAG_SECONDS_MAX}, 30 days, is the most.",
    )
    filter_sources = _some_of("Sources", SOURCES)
    filter_processes = forms.CharField(
        label="Process types",
        required=False,
        widget=forms.TextInput(attrs={"size": 60}),
        help_text="Such as: web, worker",
    )
    filter_streams = _some_of("Streams", STREAMS)
    filter_include = _pattern("Include", "A pattern (RE2) that a line's text must contain.")
    filter_exclude = _pattern("Exclude", "A pattern (RE2) that it must not contain.")
    new_headers = forms.CharField(
        label="Headers",
        required=False,
        widget=SecretTextarea(3),
        help_text="Name: value, one a line, instead of those that are set.",
    )
    clear_headers = forms.BooleanField(label="Remove all headers", required=False)
    tls_ca = _pem("CA certificates")
    clear_tls_ca = forms.BooleanField(label="Remove the CA", required=False)
    tls_certificate = _pem("Client certificate")
    tls_key = _pem("Private key")
    clear_tls_certificate = forms.BooleanField(
        label="Remove the client certificate and its key", required=False
    )

    def clean_new_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["new_headers"].splitlines(), 1):
            name, colon, value = line.partition(":")
            if line.strip() and not colon:
                raise ValidationError(f"line {number} is not of the form Name: value")
            if line.strip() and name.strip() in headers:
                raise ValidationError(f"line {number} has a name for the second time")
            if line.strip():
                headers[name.strip()] = value.strip()
        return headers

    def show(self, drain: Drain) -> None:
        """What the drain has, but for what is secret in it: of that only that it is there."""
        wanted: LineFilter = drain.shown("filter")
        for name in FILTER:
            value = getattr(wanted, name)
            self.initial[f"filter_{name}"] = value if isinstance(value, str) else sorted(value)
        self.initial["filter_processes"] = ", ".join(sorted(wanted.processes))
        names = [name for name, _ in drain.shown("headers")]
        tls: TlsOptions = drain.shown("tls")
        self._say_set("new_headers", ", ".join(names))
        self._say_set("tls_ca", described(tls.ca) if tls.ca else "")
        self._say_set("tls_certificate", described(tls.certificate) if tls.certificate else "")
        self._say_set("tls_key", "the certificate's key" if tls.key else "")

    def _say_set(self, field: str, what: str) -> None:
        if what:
            self.fields[field].help_text = format_html("Set: {}. Leave empty to keep.", what)

    def changes(self) -> dict[str, Any]:
        """What differs from the drain, as the REST API takes it."""
        values, changed = self.cleaned_data, set(self.changed_data)
        plain = [name for name in PLAIN if name in changed]
        changes: dict[str, Any] = {
            name: None if values[name] in ("", None) else values[name] for name in plain
        }
        if changed & {f"filter_{name}" for name in FILTER}:
            processes = [text.strip() for text in values["filter_processes"].split(",")]
            changes["filter"] = {name: values[f"filter_{name}"] for name in FILTER}
            changes["filter"]["processes"] = [text for text in processes if text]
        if values["new_headers"] or values["clear_headers"]:
            changes["headers"] = values["new_headers"] or None
        if tls := self._tls_changes():
            changes["tls"] = tls
        return changes

    def ask_again(self) -> None:
        """What is never shown is lost when something else is wrong."""
        for name, field in self.fields.items():
            given = isinstance(field.widget, SecretTextarea) and self[name].data
            if given and name not in self.errors:
                self.add_error(name, "Once more, please: this is not sent back to you.")

    def _tls_changes(self) -> dict[str, str]:
        values = self.cleaned_data
        tls = {name: values[f"tls_{name}"] for name in ("ca", "certificate", "key")}
        cleared = {"ca"} if values["clear_tls_ca"] else set()
        cleared |= {"certificate", "key"} if values["clear_tls_certificate"] else set()
        return {name: text for name, text in tls.items() if text or name in cleared}
