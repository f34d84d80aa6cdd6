"""Istio's own access lines, as JSON."""

from __future__ import annotations

from msgspec import Struct

from events.formats.texts import as_given
from events.keys import AppKey

# A field may have any of these types: it is printed as it was given.
Field = str | int | float | None


class IstioEntry(Struct, gc=False):
    app: str | None = None
    space: str | None = None
    bytes: Field = None
    method: Field = None
    request_id: Field = None
    fwd: Field = None
    origin: Field = None
    status: Field = None
    service: Field = None
    total: Field = None
    source: Field = None
    dyno: Field = None
    path: Field = None


def key_of(entry: IstioEntry) -> AppKey | None:
    """None when it names no app or no space."""
    return AppKey(entry.app, entry.space) if entry.app and entry.space else None


def text_of(entry: IstioEntry, key: AppKey) -> str:
    given = as_given
    size = 0 if entry.bytes is None else given(entry.bytes)
    status = 0 if entry.status is None else given(entry.status)
    return (
        f"bytes={size} method={given(entry.method)} request_id={given(entry.request_id)}"
        f" fwd={given(entry.fwd)} origin={given(entry.origin)} status={status}"
        f" service={given(entry.service)} total={given(entry.total)}"
        f" source={given(entry.source)} dyno={given(entry.dyno)}"
        f" host={key} path={given(entry.path)}"
    )
