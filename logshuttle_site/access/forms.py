"""What the admin asks for a new key, and for one in place of another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from events.access import Scope
from logshuttle_site.access import services
from logshuttle_site.access.endings import NEVER, ending_of
from logshuttle_site.access.errors import InvalidKeyError
from logshuttle_site.access.models import NAME_CHARACTERS_MAX, ApiKey
from logshuttle_site.login.again import WrongPasswordError, ask_again

ENDS = "365d"
_DRAINS = tuple(f"drains.{may}_drain" for may in ("view", "add", "change", "delete"))
_TAILS = ("sessions_app.add_tailsession", "sessions_app.change_tailsession")
PERMISSIONS = {Scope.READ: _DRAINS[:1], Scope.DRAINS: _DRAINS, Scope.SESSIONS: _TAILS}
"""What of the admin comes to the same as a scope: who lacks it gives no key that has it. Other
scopes are superusers' to give."""

WORDS = {
    Scope.DRAINS: "drains: see, add, change, test and delete them",
    Scope.READ: "read: see drains, change nothing",
    Scope.SESSIONS: "sessions: open and revoke live tails",
    Scope.EVENTS: "events: post events",
    Scope.SECRETS: "secrets: beside drains or read, see URLs and headers as they were given",
    Scope.OPERATOR: "operator: everything, of everybody, but secrets",
}


def grantable(user: Any) -> set[Scope]:
    """Scopes that somebody may give: nobody gets more by a key than they have."""
    if user.is_superuser:
        return set(Scope)
    return {scope for scope, wanted in PERMISSIONS.items() if user.has_perms(wanted)}


class _WithPassword(forms.Form):
    """The last field, and the last that is looked at: it costs most."""

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"] = forms.CharField(
            label="Your password",
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
            help_text="Asked again, so that nobody makes keys in a session that was left open.",
        )

    def clean(self) -> dict[str, Any] | None:
        if not self.errors:
            try:
                ask_again(self.user, self.cleaned_data["password"])
            except WrongPasswordError as error:
                self.add_error("password", str(error))
        if not self.errors:
            try:
                self.made = self.make()
            except InvalidKeyError as error:
                for field, why in error.faults.items():
                    self.add_error(field if field in self.fields else None, f"{why}.")
        return self.cleaned_data

    def make(self) -> tuple[str, ApiKey]:
        """The key and its row. Raises InvalidKeyError."""
        raise NotImplementedError


class KeyForm(_WithPassword):
    name = forms.CharField(
        max_length=NAME_CHARACTERS_MAX, help_text="Whose it is, and what for: cart team, Terraform"
    )
    scopes = forms.MultipleChoiceField(
        label="May", choices=[*WORDS.items()], widget=forms.CheckboxSelectMultiple
    )
    reach = forms.CharField(
        label="Reaches",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=(
            "One a line: app:shop-demo, space:demo, site:www.example.com; a name that ends in *"
            " stands for all that begin so; * alone for everything"
        ),
    )
    ends = forms.CharField(
        initial=ENDS, help_text=f"After a span such as 90d, after a date (UTC), or {NEVER}"
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        may = grantable(user)
        choices = [(scope, said) for scope, said in WORDS.items() if scope in may]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def clean_ends(self) -> datetime | None:
        return _read_ending(self.cleaned_data["ends"])

    def make(self) -> tuple[str, ApiKey]:
        values = self.cleaned_data
        return services.create_key(
            values["name"],
            scopes=values["scopes"],
            reach=values["reach"].split(),
            expires_at=values["ends"],
        )


class RotateForm(_WithPassword):
    beside = forms.CharField(
        label="The old one ends",
        initial="7d",
        help_text="After a span such as 7d or 12h: time to give the new one to all who use it",
    )

    def __init__(self, user: Any, key: ApiKey, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.key = key

    def clean_beside(self) -> timedelta:
        now = timezone.now()
        ends = _read_ending(self.cleaned_data["beside"])
        if ends is None:
            raise ValidationError("Two keys are for a change: say when the old one ends.")
        return ends - now

    def make(self) -> tuple[str, ApiKey]:
        return services.rotate_key(self.key, beside=self.cleaned_data["beside"])


def _read_ending(text: str) -> datetime | None:
    try:
        return ending_of(text, timezone.now())
    except ValueError as error:
        raise ValidationError(f"{error}.") from None
