"""What the admin asks of a drain: to make or change one, and to send a window again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from drains import services
from drains.admin.secret_url import SecretUrlInput
from drains.errors import DrainError, InvalidDrainError
from drains.models import Drain
from drains.option_values import DrainOptions
from drains.options.form import UNCHANGED
from drains.options.table import OPTIONS
from drains.route_change import refuse_twin
from events.keys import Key
from events.owners import owner_named


def shown_at(field: str, why: str) -> tuple[str, str]:
    """Where a fault of the REST API's field is shown: `filter.include` at `filter_include`."""
    whole, _, member = field.partition(".")
    if whole not in OPTIONS:
        return "new_url" if whole == "url" else whole, why
    names = list(OPTIONS[whole].form.fields)
    if f"{whole}_{member}" in names:
        return f"{whole}_{member}", why
    return names[0], f"{member}: {why}" if member else why


class OptionFields(forms.Form):
    """All options, to be asked for together with what else a form asks."""

    def show(self, options: DrainOptions) -> None:
        """What is set, but for what is secret in it: of that only that it is there."""
        for name, option in OPTIONS.items():
            value = getattr(options, name)
            self.initial = {**option.form.shown(value), **self.initial}
            for field, what in option.form.notes(value).items():
                if what:
                    said = format_html("Set: {}. Leave empty to keep.", what)
                    self.fields[field].help_text = said

    def changes(self) -> dict[str, Any]:
        """What differs from what was shown, as the REST API takes it."""
        values, changed = self.cleaned_data, set(self.changed_data)
        given = {name: option.form.change(values, changed) for name, option in OPTIONS.items()}
        return {name: value for name, value in given.items() if value is not UNCHANGED}

    def ask_again(self) -> None:
        """What is never shown is lost when something else is wrong."""
        for name, field in self.fields.items():
            hides = getattr(field.widget, "hides", None)
            if hides and hides(self[name].data) and name not in self.errors:
                self.add_error(name, "Once more, please: this is not sent back to you.")


# Django takes a form's fields from its class's attributes; these come from the table instead.
for _option in OPTIONS.values():
    OptionFields.declared_fields.update(_option.form.fields)


class DrainForm(forms.ModelForm, OptionFields):
    """The rules of the REST API, with its words. A URL may hold a password, so it is not shown."""

    owner = forms.CharField(
        label="App or site",
        max_length=511,
        help_text="app-space, such as shop-demo; or site:www.example.com",
    )
    new_url = forms.CharField(
        label="URL",
        required=False,
        max_length=2048,
        strip=False,
        widget=SecretUrlInput(),
        help_text=(
            "syslog://host:port, syslog+tls://host:port, syslog+udp://host:port, "
            "https://user:password@host/path"
        ),
    )

    class Meta:
        model = Drain
        fields = ("name", "paused")
        # For who may only look: Django would call them by their names.
        labels = {
            name: str(field.label)
            for option in OPTIONS.values()
            for name, field in option.form.fields.items()
            if field.label
        }

    class Media:
        css = {"all": ["drains/admin.css"]}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["owner"]  # a drain stays with its app
            self.fields["new_url"].label = "New URL"
            self.fields["new_url"].help_text = "Leave empty to keep it."
        self.show(self.instance.shown_options)

    def clean_owner(self) -> Key:
        try:
            key = owner_named(self.cleaned_data["owner"])
            services.refuse_odd_key(key)
        except (ValueError, DrainError) as error:
            raise ValidationError(str(error)) from None
        return key

    def clean(self) -> dict[str, Any] | None:
        """Saved here, in one transaction with what workers look at, so that errors are ours."""
        if not self.errors:
            try:
                self.instance = self._saved()
            except DrainError as error:
                for field, why in getattr(error, "faults", [("url", str(error))]):
                    self.add_error(*shown_at(field, why))
        if self.errors:
            self.ask_again()
        return self.cleaned_data

    def _saved(self) -> Drain:
        values = self.cleaned_data
        url, paused, options = values["new_url"], values["paused"], self.changes()
        if self.instance._state.adding:
            if not url:
                raise InvalidDrainError("url", "a URL is required")
            return self.make(values["owner"], url, name=values["name"], paused=paused, **options)
        return services.change_drain(
            self.instance, url=url or None, name=values["name"], paused=paused, **options
        )

    make = staticmethod(services.create_drain)
    """Of what was asked for."""


class DrainTrialForm(DrainForm):
    """The same, but nothing is saved."""

    @staticmethod
    def make(key: Key, url: str, **given: Any) -> Drain:
        drain = services.new_drain(key, url, **given)
        refuse_twin(drain)
        return drain


class SendAgainForm(forms.Form):
    """From when on drains are sent once more what Kafka has of their lines."""

    since = forms.CharField(
        max_length=40,
        initial="15m",
        help_text="a time such as 2026-01-31T12:00:00Z, or an age such as 30s, 15m, 2h, 1d",
    )
