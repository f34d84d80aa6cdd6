"""What the admin's form asks for an option. What is secret is taken and never shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError

from drains.filters import STREAMS, LineFilter
from drains.option_values import TlsOptions
from drains.options.pem import described
from events.lines import SOURCES

UNCHANGED = object()


class Section(NamedTuple):
    """A part of the page. One that explains itself is folded away for a drain that has no use
    for it."""

    title: str
    says: str = ""


DELIVERY, WHEN_BEHIND = Section("Delivery"), Section("When behind")


class FormPart:
    """The fields of one option, by their names. Here a single one, empty for the default."""

    def __init__(self, section: Section, **fields: forms.Field) -> None:
        self.section = section
        self.fields = fields

    def layout(self, value: Any) -> list[str]:
        """Those that a drain with this value has use for: `clear_x` only where x is set."""
        notes = self.notes(value).items()
        there = {f"clear_{name.removeprefix('new_')}" for name, what in notes if what}
        return [name for name in self.fields if name in there or not name.startswith("clear_")]

    def shown(self, value: Any) -> dict[str, Any]:
        """What stands in the fields."""
        return dict.fromkeys(self.fields, value)

    def notes(self, value: Any) -> dict[str, str]:
        """What is set, by fields that do not show it."""
        return {}

    def change(self, values: Mapping[str, Any], changed: Collection[str]) -> Any:
        """What to ask of the REST API's rules, or UNCHANGED. `values` have been cleaned."""
        (name,) = self.fields
        return UNCHANGED if name not in changed else None if values[name] == "" else values[name]


class FilterPart(FormPart):
    """A field for each member of the filter, which changes as a whole."""

    def __init__(self) -> None:
        super().__init__(
            Section(
                "Filter",
                "The drain gets those lines that every part filled in here lets pass. Router and "
                "build lines have neither a process type nor a stream.",
            ),
            filter_sources=_some_of("Sources", SOURCES),
            filter_processes=forms.CharField(
                label="Process types",
                required=False,
                widget=forms.TextInput(attrs={"size": 60}),
                help_text="Such as: web, worker",
            ),
            filter_streams=_some_of("Streams", STREAMS),
            filter_include=_pattern("Include", "A pattern (RE2) that a line's text must contain."),
            filter_exclude=_pattern("Exclude", "A pattern (RE2) that it must not contain."),
        )

    def shown(self, value: LineFilter) -> dict[str, Any]:
        members = {name: getattr(value, name.removeprefix("filter_")) for name in self.fields}
        shown = {name: m if isinstance(m, str) else sorted(m) for name, m in members.items()}
        return {**shown, "filter_processes": ", ".join(shown["filter_processes"])}

    def change(self, values: Mapping[str, Any], changed: Collection[str]) -> Any:
        if self.fields.keys().isdisjoint(changed):
            return UNCHANGED
        wanted = {name.removeprefix("filter_"): values[name] for name in self.fields}
        processes = map(str.strip, wanted["processes"].split(","))
        return {**wanted, "processes": [text for text in processes if text]}


class SecretPart(FormPart):
    """Texts in place of those that are set, of which no more than a note is shown."""

    def shown(self, value: Any) -> dict[str, Any]:
        return {}


class HeadersPart(SecretPart):
    """All headers, of which the names are told."""

    def __init__(self) -> None:
        super().__init__(
            Section(
                "HTTP headers",
                "Sent with each request of an http or https drain. Values are never shown.",
            ),
            new_headers=_HeadersField(
                label="Headers",
                required=False,
                widget=SecretTextarea(3),
                help_text="Name: value, one a line, instead of those that are set.",
            ),
            clear_headers=_clear("Remove all headers"),
        )

    def notes(self, value: Iterable[tuple[str, str]]) -> dict[str, str]:
        return {"new_headers": ", ".join(name for name, _ in value)}

    def change(self, values: Mapping[str, Any], changed: Collection[str]) -> Any:
        given = values["new_headers"] or None
        return given if given or values["clear_headers"] else UNCHANGED


class TlsPart(SecretPart):
    """PEM texts, of which certificates are described."""

    def __init__(self) -> None:
        super().__init__(
            Section(
                "TLS",
                "PEM text, for syslog+tls and https. Without a CA the system's authorities are "
                "trusted. The private key is never shown.",
            ),
            tls_ca=_pem("CA certificates"),
            clear_tls_ca=_clear("Remove the CA"),
            tls_certificate=_pem("Client certificate"),
            tls_key=_pem("Private key"),
            clear_tls_certificate=_clear("Remove the client certificate and its key"),
        )

    def notes(self, value: TlsOptions) -> dict[str, str]:
        return {
            "tls_ca": described(value.ca) if value.ca else "",
            "tls_certificate": described(value.certificate) if value.certificate else "",
            "tls_key": "the certificate's key" if value.key else "",
        }

    def change(self, values: Mapping[str, Any], changed: Collection[str]) -> Any:
        cleared = {"ca"} if values["clear_tls_ca"] else set()
        cleared |= {"certificate", "key"} if values["clear_tls_certificate"] else set()
        given = {name: values[f"tls_{name}"] for name in ("ca", "certificate", "key")}
        given = {name: text for name, text in given.items() if text or name in cleared}
        return given or UNCHANGED


class SecretTextarea(forms.Textarea):
    """Comes back empty, as a password does."""

    def __init__(self, rows: int) -> None:
        off = {"autocomplete": "off", "spellcheck": "false"}
        super().__init__({"rows": rows, "cols": 66, "class": "code", **off})

    def hides(self, text: str | None) -> bool:
        return bool(text)

    def format_value(self, value: Any) -> None:
        return None


class _HeadersField(forms.CharField):
    def clean(self, value: Any) -> Any:
        """`Name: value` lines → values by name."""
        headers: dict[str, str] = {}
        for number, line in enumerate(super().clean(value).splitlines(), 1):
            name, colon, text = line.partition(":")
            if line.strip() and not colon:
                raise ValidationError(f"line {number} is not of the form Name: value")
            if line.strip() and name.strip() in headers:
                raise ValidationError(f"line {number} has a name for the second time")
            if line.strip():
                headers[name.strip()] = text.strip()
        return headers


def word(choices: Mapping[str, str], **options: Any) -> forms.ChoiceField:
    """One of these words, each shown as what it means."""
    return forms.ChoiceField(choices=list(choices.items()), required=False, **options)


def _pattern(label: str, help_text: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"size": 60, "class": "code", "spellcheck": "false"})
    return forms.CharField(
        label=label, help_text=help_text, required=False, strip=False, widget=widget
    )


def _some_of(label: str, values: Iterable[str]) -> forms.MultipleChoiceField:
    widget = forms.CheckboxSelectMultiple
    named = [(value, value) for value in values]
    return forms.MultipleChoiceField(label=label, choices=named, required=False, widget=widget)


def _pem(label: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=SecretTextarea(4))


def _clear(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False)
