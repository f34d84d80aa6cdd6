from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "logshuttle_site.notifications"
    verbose_name = "Notifications"
