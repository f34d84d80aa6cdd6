from django.apps import AppConfig


class ShuttleConfig(AppConfig):
    name = "shuttle"
    verbose_name = "Workers"
