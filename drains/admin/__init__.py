"""Drains in the admin: Django looks here for what it is to show."""

from drains.admin.drain_admin import DrainAdmin

__all__ = ["DrainAdmin"]
