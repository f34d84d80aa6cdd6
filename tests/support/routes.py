"""Routes as a worker reads them at its start."""

from __future__ import annotations

from drains.routes import RouteTable
from drains.selectors import route_changes


def load_route_table() -> RouteTable:
    table = RouteTable()
    table.follow(route_changes(None))
    return table
