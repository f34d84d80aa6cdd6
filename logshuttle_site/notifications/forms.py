"""What the admin asks of a recipient. An address may hold secrets, so it is not shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from drains.admin.secret_url import SecretUrlInput
from drains.delivery.network.errors import RefusedByPolicyError
from drains.egress_check import refuse_egress
from drains.selectors import egress_policy
from drains.url_text import URL_CHARACTERS_MAX, refuse_redacted
from logshuttle_site.notifications import webhook
from logshuttle_site.notifications.kinds import WISHES
from logshuttle_site.notifications.mail import NO_SERVER
from logshuttle_site.notifications.models import Recipient


class AddressInput(SecretUrlInput):
    def hides(self, text: str | None) -> bool:
        """Of a webhook each part may be secret."""
        return bool(text) and "://" in str(text)


class RecipientForm(forms.ModelForm):
    new_address = forms.CharField(
        label="Address",
        required=False,
        max_length=URL_CHARACTERS_MAX,
        strip=False,
        widget=AddressInput(),
        help_text="https://host/path of a webhook, or an e-mail address",
    )
    events = forms.MultipleChoiceField(
        label="Told of",
        choices=list(WISHES.items()),
        initial=list(WISHES),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Recipient
        fields = ("name", "kind", "minutes", "enabled")
        help_texts = {
            "minutes": (
                "So many minutes a drain has to fail before it is told, and not to fail before that"
                " is told: what comes and goes is one message. 0: at once."
            ),
        }

    field_order = ("name", "kind", "new_address", "events", "minutes", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            return
        self.initial["events"] = self.instance.events
        if "new_address" in self.fields:
            self.fields["new_address"].label = "New address"
            self.fields["new_address"].help_text = "Leave empty to keep it."

    def clean(self) -> dict[str, Any] | None:
        values = self.cleaned_data
        kind, address = values.get("kind", ""), values.get("new_address", "")
        if "kind" in self.errors or "new_address" in self.errors:
            return values
        if not address and (self.instance._state.adding or "kind" in self.changed_data):
            self.add_error("new_address", "Give an address of this kind.")
        elif kind == Recipient.Kind.EMAIL and not settings.EMAIL_HOST and self._is_put_to_use():
            self.add_error("kind", NO_SERVER)
        elif address:
            self._take(kind, address)
        if self.errors and AddressInput().hides(address) and "new_address" not in self.errors:
            self.add_error("new_address", "Once more, please: this is not sent back to you.")
        return values

    def _is_put_to_use(self) -> bool:
        """One that is there can be switched off, and told of less, whatever has become of it."""
        is_changed = {"kind", "new_address"} & {*self.changed_data}
        is_enabled = "enabled" in self.changed_data and self.cleaned_data["enabled"]
        return bool(self.instance._state.adding or is_changed or is_enabled)

    def _take(self, kind: str, address: str) -> None:
        try:
            self.instance.shown = _shown(kind, address)
        except (ValueError, RefusedByPolicyError) as error:
            self.add_error("new_address", str(error))
        except ValidationError as error:
            self.add_error("new_address", error)
        else:
            self.instance.address = address

    def save(self, commit: bool = True) -> Any:
        self.instance.events = self.cleaned_data["events"]
        return super().save(commit)


def _shown(kind: str, address: str) -> str:
    """An address that may be sent to, as it is shown. Raises ValueError, RefusedByPolicyError or
    ValidationError."""
    if kind == Recipient.Kind.EMAIL:
        validate_email(address)
        return address
    refuse_redacted(address)
    destination = webhook.destination_of(address)
    refuse_egress(egress_policy(), destination.host, destination.port)
    return webhook.shown(destination)
