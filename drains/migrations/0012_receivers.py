"""What lists of all drains are searched and sorted by, as columns of their own."""

from urllib.parse import urlsplit

from django.db import migrations, models

ROWS_AT_ONCE = 500
COLUMNS = ["scheme", "host", "port", "severity"]
SEVERITY = {"failing": 1, "replaying": 2, "paused": 3, "new": 5, "live": 6}


def fill(apps, schema_editor):
    """From the address, which has no secret: no key is needed, and none can be missing."""
    drains = apps.get_model("drains", "Drain").objects.using(schema_editor.connection.alias)
    changed = []
    for drain in drains.only("address", "state").order_by("pk").iterator(ROWS_AT_ONCE):
        drain.scheme, drain.host, drain.port = receiver_of(drain.address)
        drain.severity = SEVERITY.get(drain.state, 0)
        changed.append(drain)
    drains.bulk_update(changed, COLUMNS, batch_size=ROWS_AT_ONCE)


def receiver_of(address):
    try:
        parts = urlsplit(address)
        return parts.scheme[:16], (parts.hostname or "")[:255], parts.port or 0
    except ValueError:
        return "", "", 0


def column(name, field, otherwise, **options):
    """Processes of the version before go on while this one comes: they know none of these."""
    made = field(default=otherwise, db_default=otherwise, editable=False, **options)
    return migrations.AddField("drain", name, made)


def index(name, *fields):
    return migrations.AddIndex("drain", models.Index(fields=fields, name=name))


class Migration(migrations.Migration):
    dependencies = [("drains", "0011_lines_cut")]

    operations = [
        column("scheme", models.CharField, "", max_length=16),
        column("host", models.CharField, "", max_length=255),
        column("port", models.PositiveIntegerField, 0),
        column("severity", models.PositiveSmallIntegerField, 0),
        column("tries", models.PositiveIntegerField, 0),
        index("drain_severity", "severity", "state_since"),
        index("drain_receiver", "host", "port"),
        index("drain_space", "space"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
