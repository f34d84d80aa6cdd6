from django.apps import AppConfig


class LogshuttleSiteConfig(AppConfig):
    name = "logshuttle_site"

    def ready(self) -> None:
        from logshuttle_site import checks, checks_of_production  # noqa: F401 - register themselves
