"""An entry as programs read it: a line of an export, and of the audit's topic."""

from __future__ import annotations

from typing import Any

import msgspec

from drains.moments import rfc3339
from logshuttle_site.audit.models import Entry


def line_of(entry: Entry) -> bytes:
    """One line of JSON, without its end."""
    return msgspec.json.encode(fields_of(entry))


def fields_of(entry: Entry) -> dict[str, Any]:
    return {
        "at": rfc3339(entry.at),
        "by": entry.actor_kind,
        "who": entry.actor,
        "from": entry.address,
        "request_id": entry.request_id,
        "kind": entry.kind,
        "what": entry.what,
        "owner": entry.owner,
        "id": entry.object_id,
        "about": entry.about,
        "before": entry.before,
        "after": entry.after,
    }
