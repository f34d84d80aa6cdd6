"""How a drain's page is laid out. What a drain has nothing of is folded away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    "changed",
)


def layout_of(drain: Drain | None) -> list[Part]:
    """None: of one that is to be added."""
    options = drain.shown_options if drain else DEFAULTS
    sections: dict[Section, list[str]] = {}
    unfolded = set()
    for name, option in OPTIONS.items():
        section, value = option.form.section, getattr(options, name)
        sections.setdefault(section, []).extend(option.form.layout(value))
        if value != option.default or not section.says:
            unfolded.add(section)
    return [
        _part(None, ["address" if drain else "owner", "new_url", "name", "paused"]),
        *(
            _part(section.title, fields, section.says, folded=section not in unfolded)
            for section, fields in sections.items()
        ),
        *([_part("Observed", OBSERVED)] if drain else []),
    ]


def _part(name: str | None, fields: Sequence[str], says: str = "", *, folded: bool = False) -> Part:
    classes = ["collapse"] if folded else []
    return name, {"fields": fields, "description": says, "classes": classes}
