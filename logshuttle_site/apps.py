from django.apps import AppConfig


class LogshuttleSiteConfig(AppConfig):
    name = "logshuttle_site"

    def ready(self) -> None:
        from logshuttle_site import checks  # noqa: F401 - registers itself
