"""Entries as operators look for them."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet

from logshuttle_site.audit.models import Entry

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}", re.ASCII)
"""Of a request, a drain, a session: looked up in an index, where any other word is looked for in
all entries."""


def found_by(entries: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    """Of which each word is what was done, where it came from, or an id; or is in who did it, in
    whose it is or in what it is about."""
    for word in text.split():
        told = Q(request_id=word) | Q(object_id=word)
        if not _ID.fullmatch(word):
            told |= Q(what=word) | Q(kind=word) | Q(address=word)
            told |= Q(actor__icontains=word) | Q(owner__icontains=word) | Q(about__icontains=word)
        entries = entries.filter(told)
    return entries
