from django.apps import AppConfig

from events import changes


class DrainsConfig(AppConfig):
    name = "drains"
    verbose_name = "Log drains"

    def ready(self) -> None:
        from drains import history  # which has models, and these need all apps

        changes.listen(history.note)
