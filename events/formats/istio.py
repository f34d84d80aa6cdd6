"""Istio's own access lines, as JSON."""

from __future__ import annotations

from msgspec import Struct

from events.keys import AppKey


class IstioEntry(Struct, gc=False):
    """A field of another type is read as its JSON."""

    app: str | None = None
    space: str | None = None
    bytes: int | str | None = None
    method: str | None = None
    request_id: str | None = None
    fwd: str | None = None
    origin: str | None = None
    status: int | str | None = None
    service: str | None = None
    total: str | None = None
    source: str | None = None
    dyno: str | None = None
    path: str | None = None


def key_of(entry: IstioEntry) -> AppKey | None:
    """None when it names no app or no space."""
    return AppKey(entry.app, entry.space) if entry.app and entry.space else None


def text_of(entry: IstioEntry, name: str) -> str:
    """`name`: app-space."""
    size, status = entry.bytes, entry.status
    return (
        f"bytes={0 if size is None else size} method={entry.method or ''}"
        f" request_id={entry.request_id or ''} fwd={entry.fwd or ''}"
        f" origin={entry.origin or ''} status={0 if status is None else status}"
        f" service={entry.service or ''} total={entry.total or ''}"
        f" source={entry.source or ''} dyno={entry.dyno or ''}"
        f" host={name} path={entry.path or ''}"
    )
