from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "logshuttle_site.access"
    verbose_name = "Access"
