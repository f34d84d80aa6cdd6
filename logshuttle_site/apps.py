from django.apps import AppConfig


class LogshuttleSiteConfig(AppConfig):
    name = "logshuttle_site"
