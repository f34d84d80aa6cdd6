"""Pages of many drains: which ones stand on a page is asked by what sorts them alone. All that is
shown of them is read for those."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator

from drains.models import Drain
from drains.status import with_statuses


class DrainPaginator(Paginator):  # type: ignore[type-arg]  # subscripted by its stubs alone
    """Its pages have drains with their statuses, and nothing that they were annotated with."""

    def page(self, number: Any) -> Page[Drain]:
        """Raises what any paginator raises."""
        number = self.validate_number(number)
        begin = (number - 1) * self.per_page
        end = begin + self.per_page
        if end + self.orphans >= self.count:
            end = self.count
        return Page(_whole(list(self._ids[begin:end])), number, self)

    @property
    def _ids(self) -> Any:
        drains: Any = self.object_list
        return drains.prefetch_related(None).values_list("pk", flat=True)


def _whole(ids: Sequence[Any]) -> list[Drain]:
    found = {
        drain.pk: drain for drain in with_statuses(Drain.objects.order_by().filter(pk__in=ids))
    }
    return [found[of] for of in ids if of in found]  # one may have gone meanwhile
