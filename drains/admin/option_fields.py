"""A drain's options in the admin's form, as the table of options has them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html

from drains.option_values import DrainOptions
from drains.options.form import UNCHANGED, SecretTextarea
from drains.options.table import OPTIONS


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
            given = isinstance(field.widget, SecretTextarea) and self[name].data
            if given and name not in self.errors:
                self.add_error(name, "Once more, please: this is not sent back to you.")


# Django takes a form's fields from its class's attributes; these come from the table instead.
for _option in OPTIONS.values():
    OptionFields.declared_fields.update(_option.form.fields)
