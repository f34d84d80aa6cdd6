"""Paths that are nobody's: closed like all others, so that a guess learns nothing."""

from __future__ import annotations

from http import HTTPMethod

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


def no_favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for one on every page, and never with a key."""
    return HttpResponse(status=204)


@csrf_exempt  # nothing is changed here, whoever asks
def home(request: HttpRequest) -> HttpResponseBase:
    """A browser is shown the first page, or the login; anybody else that nothing is here."""
    if "text/html" in request.headers.get("Accept", "") and request.method in ("GET", "HEAD"):
        return redirect("admin:index")
    answer: HttpResponseBase = NothingHere.as_view()(request)
    return answer


class NothingHere(APIView):
    """Any method: 401 without a key, 404 with one."""

    schema = None
    permission_classes = ()  # any key that is good
    http_method_names = [method.lower() for method in HTTPMethod]

    def _not_found(self, request: Request, *args: object, **kwargs: object) -> Response:
        raise Http404

    get = head = post = put = patch = delete = options = trace = connect = _not_found
