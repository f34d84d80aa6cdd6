"""The API's description: what the URLconf has, each route with what the tables say of it.

Whoever adds a route and says nothing of it is told so by the gate: `make check`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from logshuttle_site.access.permissions import wanted_scope
from logshuttle_site.openapi.components import SECURITY, components
from logshuttle_site.openapi.drain_operations import drain_operations
from logshuttle_site.openapi.other_operations import other_operations, probes
from logshuttle_site.openapi.words import Part

_OPERATIONS = {**drain_operations(), **other_operations()}
_RENDERERS = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}


class Described(AutoSchema):
    """DRF's schema class of all views."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Part | None:
        found = _OPERATIONS.get(path, {}).get(method.lower())
        if found is None:
            warn(f"{method} {path}: nothing is said of it in logshuttle_site/openapi")
            return None
        if found.get("security") == []:
            return found
        scope = wanted_scope(self.view, method.lower())
        says = " ".join(filter(None, (found.get("description"), f"Wants the scope `{scope}`.")))
        return found | {"description": says}


def no_request(*_: object) -> None:
    """What views are shown: the tables need none."""


def complete(result: Part, **_: Any) -> Part:
    """A hook of drf-spectacular's: adds what no view has."""
    result["paths"] |= probes()
    return result | {"components": components(), "security": SECURITY}


@cache
def document(form: str) -> bytes | str:
    """As `yaml` or `json`. It is the same as long as the process runs, and open: made once."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return _RENDERERS[form]().render(schema, renderer_context={})
