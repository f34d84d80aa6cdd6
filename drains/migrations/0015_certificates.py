"""When certificates end: drains' own, and those that receivers have shown."""

from django.db import migrations, models


def column(model, **options):
    made = models.DateTimeField(null=True, db_index=True, **options)
    return migrations.AddField(model, "certificate_ends_at", made)


class Migration(migrations.Migration):
    dependencies = [("drains", "0014_drain_events")]
    operations = [column("drain", editable=False), column("drainstatus")]
