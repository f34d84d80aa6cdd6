"""Lists of drains are sorted, filtered and counted by indexes alone."""

from django.db import migrations, models


def index(name, *fields):
    return migrations.AddIndex("drain", models.Index(fields=fields, name=name))


class Migration(migrations.Migration):
    dependencies = [("drains", "0020_heartbeats")]
    operations = [
        migrations.RemoveIndex("drain", "drain_state"),
        migrations.RemoveIndex("drain", "drain_severity"),
        index("drain_in_state", "paused", "state", "severity", "state_since", "id"),
        index("drain_worst_first", "severity", "state_since", "id"),
        index("drain_scheme", "scheme"),
    ]
