"""How a drain's page is laid out. What a drain has nothing of is folded away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drains.display.words import UNKNOWN
from drains.models import Drain
from drains.option_values import DEFAULTS
from drains.options.form import Section
from drains.options.table import OPTIONS

Part = tuple[str | None, dict[str, Any]]

OBSERVED = (  # what stands on the card above is not said twice
    "reported",
    "last_error",
    "bytes_sent",
    "cut",
    "id",
    "start",
    "made",
    "changed_shown",
)


def layout_of(drain: Drain | None, *, is_asked: bool = True) -> list[Part]:
    """None: of one that is to be added. `is_asked`: what changes it stands there too."""
    options = drain.shown_options if drain else DEFAULTS
    sections: dict[Section, list[str]] = {}
    unfolded = set()
    for name, option in OPTIONS.items():
        section, value = option.form.section, getattr(options, name)
        sections.setdefault(section, []).extend(option.form.layout(value))
        if value != option.default or not section.says:
            unfolded.add(section)
    parts = [
        _part(None, ["address" if drain else "owner", "new_url", "name", "paused"]),
        *(
            _part(section.title, fields, section.says, folded=section not in unfolded)
            for section, fields in sections.items()
        ),
        *([_part("Observed", OBSERVED)] if drain else []),
    ]
    for _, part in parts if not is_asked else ():
        part["fields"] = [name for name in part["fields"] if not _only_changes(name)]
    return parts


def show_options(drain: Drain) -> None:
    """For who may only look: Django shows what a row has by the names of the form's fields. Of what
    is secret there is no more than a note."""
    options = drain.shown_options
    for name, option in OPTIONS.items():
        value = getattr(options, name)
        shown = {**dict.fromkeys(option.form.fields, ""), **option.form.shown(value)}
        for field, text in {**shown, **option.form.notes(value)}.items():
            listed = ", ".join(text) if isinstance(text, list) else text
            setattr(drain, field, UNKNOWN if listed in ("", None) else listed)


def _only_changes(field: str) -> bool:
    return field == "new_url" or field.startswith("clear_")


def _part(name: str | None, fields: Sequence[str], says: str = "", *, folded: bool = False) -> Part:
    classes = ["collapse"] if folded else []
    return name, {"fields": fields, "description": says, "classes": classes}
