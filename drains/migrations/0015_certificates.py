"""When drains' own certificates end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Of the statuses' table nothing is changed here: readers take the two the other way round, and
    each would wait for the other."""

    dependencies = [("drains", "0014_drain_events")]
    operations = [
        migrations.AddField(
            "drain",
            "certificate_ends_at",
            models.DateTimeField(null=True, db_index=True, editable=False),
        )
    ]
