"""What lists of all drains are searched and sorted by, as columns of their own."""

from django.db import migrations, models

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
    ]
