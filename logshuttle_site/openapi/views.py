"""`/api/schema` and `/api/docs`: open, as they tell nothing of an installation but which routes are
served here (RUN_SESSION)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.views import APIView

from logshuttle_site.openapi.document import document

_TYPES = {"yaml": "application/yaml", "json": "application/json"}
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Swagger UI makes style attributes
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)


class _Open(APIView):
    authentication_classes = permission_classes = throttle_classes = ()
    http_method_names = ("get", "head")


class SchemaView(_Open):
    def get(self, request: Request) -> HttpResponse:
        """YAML, unless JSON is preferred or `?format=json` asks for it."""
        form: str = request.query_params.get("format") or self._preferred(request)
        if form not in _TYPES:
            raise ParseError(f"format: {form[:60]!r} is none of {', '.join(_TYPES)}")
        return HttpResponse(document(form), _TYPES[form])

    def _preferred(self, request: Request) -> str:
        wanted = request._request.get_preferred_type(list(_TYPES.values()))
        return "json" if wanted == _TYPES["json"] else "yaml"


class DocsView(_Open):
    def get(self, request: Request) -> HttpResponse:
        answer = render(request._request, "openapi/docs.html")
        answer.headers["Content-Security-Policy"] = _POLICY
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer
