from django.apps import AppConfig

from events import changes


class AuditConfig(AppConfig):
    name = "logshuttle_site.audit"
    label = "audit"
    verbose_name = "Audit"

    def ready(self) -> None:
        from logshuttle_site.audit import logins, people, recorder  # which have models

        changes.listen(recorder.record)
        logins.listen()
        people.watch_people()
