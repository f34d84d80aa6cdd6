"""What a view wants of who asks. A view that says nothing is for operators alone."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from events.access import Scope, caller_of

_OR = {Scope.READ: " (drains has it, too)"}


class HasScope(BasePermission):
    """403 names the scope that is missing."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = str(request.method).lower()
        if method not in view.http_method_names or not hasattr(view, method):
            return True  # 405, whoever asks
        wanted = wanted_scope(view, method)
        self.message = f"this key lacks the scope {wanted}{_OR.get(wanted, '')}"
        return caller_of(request).may(wanted)


def wanted_scope(view: Any, method: str) -> Scope:
    """By the action of a set of views, else by the method; HEAD is a GET."""
    name = "get" if method == "head" else method
    action = (getattr(view, "action_map", None) or {}).get(name, name)
    return Scope(getattr(view, "scopes", {}).get(action, Scope.OPERATOR))
