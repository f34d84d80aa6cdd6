from django.apps import AppConfig


class ShuttleConfig(AppConfig):
    name = "shuttle"
