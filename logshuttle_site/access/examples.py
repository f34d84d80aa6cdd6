"""A line for a terminal that tries a new key."""

from __future__ import annotations

import json

from events.access import Scope
from logshuttle_site.access.callers import held_by
from logshuttle_site.access.models import ApiKey
from logshuttle_site.access.reach import app_of


def example_of(key: ApiKey, text: str, base_url: str) -> str:
    """What the key is good for, by the first app that it names; `base_url` ends in a slash."""
    scopes = held_by(key.scopes)
    app = next(filter(None, map(app_of, key.reach)), None)
    named = str(app) if app else "APP-SPACE"
    call = f'curl -H "Authorization: {text}" {base_url}'
    if Scope.OPERATOR in scopes:
        return f"{call}log-drains"
    if Scope.READ in scopes:
        return f"{call}apps/{named}/log-drains"
    name, space = (app.app, app.space) if app else ("APP", "SPACE")
    if Scope.SESSIONS in scopes:
        return f"{call}log-sessions -d '{json.dumps({'app': name, 'space': space})}'"
    event = {"log": "hello", "topic": space, "kubernetes": {"container_name": name}}
    return f"{call}log-events -d '{json.dumps(event)}'"
