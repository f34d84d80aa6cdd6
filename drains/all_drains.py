"""REST for operators: drains of everybody, some at a time."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.paginator import EmptyPage
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drains import searching
from drains.paging import DrainPaginator
from drains.serializers import drain_json
from events.access import Scope, caller_of
from events.members import unknown_members

ON_A_PAGE, ON_A_PAGE_MAX = 50, 500
_DIGITS_MAX = 10


class AllDrains(APIView):
    scopes = {"get": Scope.OPERATOR}

    def get(self, request: Request) -> Response:
        """`?state=failing&host=…&space=…&page=2&per_page=50`. 400 for what makes no sense."""
        query: dict[str, str] = request.query_params.dict()
        known = (*searching.KNOWN, "page", "per_page")
        for name, why in unknown_members(query, known).items():
            raise ParseError(f"{name}: {why}")
        try:
            drains = searching.drains_like(query)
        except ValueError as error:
            raise ParseError(str(error)) from None
        pages = DrainPaginator(drains, _number(query, "per_page", ON_A_PAGE, ON_A_PAGE_MAX))
        number = _number(query, "page", 1)
        try:
            page = pages.page(number)
        except EmptyPage:
            raise ParseError(f"page: there are {pages.num_pages}") from None
        shows_secrets = caller_of(request).may(Scope.SECRETS)
        return Response(
            {
                "count": pages.count,
                "page": number,
                "pages": pages.num_pages,
                "results": [
                    {
                        "owner": each.owner_name,
                        **drain_json(each, shows_secrets=shows_secrets),
                    }
                    for each in page
                ],
            }
        )


def _number(query: Mapping[str, str], name: str, otherwise: int, at_most: int = 10**9) -> int:
    text = query.get(name, str(otherwise))
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX
    if not (is_number and 1 <= int(text) <= at_most):
        raise ParseError(f"{name}: {text[:60]!r} is no number from 1 to {at_most:,}")
    return int(text)
