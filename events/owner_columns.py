"""Rows that belong to an app or to a site: their columns, and how they are looked up."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from events.keys import AppKey, SiteKey
from events.owners import PART_CHARACTERS_MAX, Owner, name_of

_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[_Row]):
    """Rows with `OwnerColumns`."""

    def of(self, owner: Owner) -> Self:
        """Those of one owner: every look-up for a client goes through here."""
        return self.filter(**columns_of(owner))


class OwnerColumns(models.Model):
    """An app and its space, or a site; the others are empty. Goes with a `one_owner` constraint."""

    app = models.CharField(max_length=PART_CHARACTERS_MAX, blank=True, default="")
    space = models.CharField(max_length=PART_CHARACTERS_MAX, blank=True, default="")
    site = models.CharField(max_length=PART_CHARACTERS_MAX, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def key(self) -> Owner:
        """The owner, as lines have it."""
        return SiteKey.named(self.site) if self.site else AppKey(self.app, self.space)

    @property
    def owner_name(self) -> str:
        """The owner, as people write it."""
        return name_of(self.key)


def columns_of(owner: Owner) -> dict[str, str]:
    """All three, so that an app's row never matches a site's."""
    return {"app": "", "space": "", "site": "", **owner._asdict()}


def one_owner(name: str) -> models.CheckConstraint:
    """The constraint of this name: a row is of an app or of a site, never of both or of none."""
    of_an_app = ~Q(app="") & ~Q(space="") & Q(site="")
    of_a_site = Q(app="") & Q(space="") & ~Q(site="")
    return models.CheckConstraint(condition=of_an_app | of_a_site, name=name)
