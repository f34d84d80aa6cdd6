"""Paths that are nobody's: closed like all others, so that a guess learns nothing."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


def no_favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for one on every page, and never with a key."""
    return HttpResponse(status=204)


class NothingHere(APIView):
    def dispatch(self, request: Request, *args: object, **kwargs: object) -> Response:  # type: ignore[override]
        """Any method: 401 without the key, 404 with it."""
        self.http_method_names = [str(request.method).lower()]
        setattr(self, self.http_method_names[0], self._not_found)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def _not_found(self, request: Request, *args: object, **kwargs: object) -> Response:
        raise Http404
