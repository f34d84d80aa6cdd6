import logging
import sys

from django.apps import AppConfig
from django.conf import settings

logger = logging.getLogger(__name__)


class LogshuttleSiteConfig(AppConfig):
    name = "logshuttle_site"

    def ready(self) -> None:
        from logshuttle_site import checks, checks_of_production  # noqa: F401 - register themselves

        if "--skip-checks" not in sys.argv:  # of several workers their supervisor says it
            for note in settings.SETTINGS_NOTES:
                logger.warning("%s", note, extra={"action": "setting"})
