from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "logshuttle_site.notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        from logshuttle_site.notifications import told  # which has models

        told.watch_recipients()
