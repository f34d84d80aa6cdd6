"""Of drains that are there, their receivers. Some at a time: workers go on meanwhile."""

from urllib.parse import urlsplit

from django.db import migrations

ROWS_AT_ONCE = 500
COLUMNS = ["scheme", "host", "port", "severity"]
SEVERITY = {"failing": 1, "replaying": 2, "paused": 3, "new": 5, "live": 6}


def fill(apps, schema_editor):
    """From the address, which has no secret: no key is needed, and none can be missing."""
    drains = apps.get_model("drains", "Drain").objects.using(schema_editor.connection.alias)
    keys = list(drains.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), ROWS_AT_ONCE):
        some = list(drains.filter(pk__in=keys[start : start + ROWS_AT_ONCE]).only("address", "state"))
        for drain in some:
            drain.scheme, drain.host, drain.port = receiver_of(drain.address)
            drain.severity = SEVERITY.get(drain.state, 0)
        drains.bulk_update(some, COLUMNS)


def receiver_of(address):
    try:
        parts = urlsplit(address)
        return parts.scheme[:16], (parts.hostname or "")[:255], parts.port or 0
    except ValueError:
        return "", "", 0


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("drains", "0012_receivers")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
